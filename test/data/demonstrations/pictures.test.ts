// Demonstrations with pictures: recorded while they are played, or added by replay; read as training reads them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Dataset } from "../../../sdk/src/data/dataset.js";
import { addPictures } from "../../../sdk/src/data/demonstrations/add-pictures.js";
import { makeDemonstrations } from "../../../sdk/src/data/demonstrations/make.js";
import { withHdf5, writeHdf5 } from "../../../sdk/src/data/hdf5.js";
import { robomimicImages } from "../../../sdk/src/data/robomimic-images.js";
import { makeEnvironment } from "../../../sdk/src/envs/make-environment.js";
import { hasAssets } from "../../assets.js";
import { temporaryFolder } from "../temporary-folder.js";

const folder = temporaryFolder();
const cameras = ["agentview", "robot0_eye_in_hand"];
const notify = () => {};
const size = 6 * 96 * 96;

describe.skipIf(!hasAssets("robosuite", "all"))("with robosuite's files", { timeout: 180_000 }, () => {
  test("a recording has what the cameras saw before each step, and what trains image policies beside it", async () => {
    const path = await makeDemonstrations("robomimic/lift", {
      episodes: 1,
      seed: 2,
      workers: 1,
      cameras,
      folder,
      notify,
    });
    expect(path).toBe(join(folder, "robomimic", "lift-img", "demonstrations.hdf5"));
    const environment = await makeEnvironment("lift@agentview+robot0_eye_in_hand");
    await withHdf5(path, (file) => {
      const actions = file.read("data/demo_0/actions");
      const steps = actions.shape[0]!;
      expect(file.node("data/demo_0/obs/agentview_image")).toMatchObject({ shape: [steps, 96, 96, 3], type: "u1" });
      expect(JSON.parse(file.text("data", "env_args")!)).toMatchObject({
        env_kwargs: { camera_names: cameras, use_camera_obs: true, camera_heights: 96 },
      });
      const images = robomimicImages(file, cameras, Int32Array.of(steps))!;
      const [first, later] = [new Uint8Array(size), new Uint8Array(size)];
      images.read(0, first);
      images.read(40, later);
      expect(first.filter((value, i) => value !== later[i]).length).toBeGreaterThan(1000);
      // The cube is red in both pictures.
      for (const camera of [0, 1]) {
        const [red, green] = [0, 1].map((c) => first.subarray((3 * camera + c) * 9216, (3 * camera + c + 1) * 9216));
        expect(red!.filter((value, i) => value - green![i]! > 50).length).toBeGreaterThan(20);
      }
    });
    environment.close();
    const data = await Dataset.npz(join(folder, "robomimic", "lift-img", "train.npz"));
    expect(data).toMatchObject({ observationDimension: 9, actionDimension: 7 });
    expect([data.images!.count, ...data.images!.shape]).toEqual([data.steps, 6, 96, 96]);
  });

  test("the replay of states gives the same pictures, but for what a last engine step moves", async () => {
    const path = join(folder, "robomimic", "lift-img", "demonstrations.hdf5");
    const target = await addPictures(await statesOf(path), { cameras, notify });
    expect(target).toBe(join(folder, "states-img.hdf5"));
    await withHdf5(path, (recorded) =>
      withHdf5(target, (replayed) => {
        const steps = recorded.read("data/demo_0/actions").shape[0]!;
        const [theirs, ours] = [recorded, replayed].map((file) =>
          robomimicImages(file, cameras, Int32Array.of(steps))!,
        );
        for (const step of [0, 20, 60]) {
          const [a, b] = [new Uint8Array(size), new Uint8Array(size)];
          theirs!.read(step, a);
          ours!.read(step, b);
          const mean = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / size;
          expect(mean).toBeLessThan(step === 0 ? 1.5 : 4);
        }
      }),
    );
    await expect(addPictures(join(folder, "states.hdf5"), { notify })).rejects.toMatchObject({
      code: "DMPO_DATA_EXISTS",
    });
    expect(existsSync(`${target}.incomplete`)).toBe(false);
  });

  /** A recording without pictures. */
  async function statesOf(path: string): Promise<string> {
    const target = join(folder, "states.hdf5");
    await withHdf5(path, async (file) => {
      const { data, shape } = file.read("data/demo_0/states");
      const environmentArguments = file.text("data", "env_args")!;
      await writeHdf5(
        target,
        {
          "data/demo_0/states": { data: data as Float64Array, shape },
          "data/demo_0/obs/robot0_eef_pos": { data, shape } as never,
        },
        { data: { env_args: environmentArguments } },
      );
    });
    return target;
  }
});

test("what has no states, or is of another task, is refused", async () => {
  const write = (name: string, attributes: Record<string, string>) =>
    writeHdf5(
      join(folder, name),
      { "data/demo_0/actions": { data: new Float32Array(7), shape: [1, 7] } },
      { data: attributes },
    );
  await write("bare.hdf5", {});
  await expect(addPictures(join(folder, "bare.hdf5"))).rejects.toThrow(
    /has no env_args[\s\S]*lift, can, square or transport/,
  );
  await write("door.hdf5", { env_args: '{"env_name": "Door"}' });
  await expect(addPictures(join(folder, "door.hdf5"))).rejects.toThrow(/was recorded in Door/);
  await write("lift.hdf5", { env_args: '{"env_name": "Lift"}' });
  await expect(addPictures(join(folder, "lift.hdf5"))).rejects.toThrow(/states/);
  await expect(makeDemonstrations("robomimic/lift", { cameras: ["door"], folder })).rejects.toThrow(
    /cameras of lift: "door"/,
  );
  await expect(makeDemonstrations("kitchen/mixed", { cameras: ["agentview"], folder })).rejects.toThrow(
    /has no cameras/,
  );
});
