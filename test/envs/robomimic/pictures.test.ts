// What policies see of robomimic's tasks, beside MuJoCo's own pictures of robosuite's scene, and beside the scenes' models.
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { builtInEnvironment, findEnvironment } from "../../../sdk/src/envs/registry.js";
import { assetFolder } from "../../../sdk/src/envs/assets/assets.js";
import { makeEnvironment } from "../../../sdk/src/envs/make-environment.js";
import type { Attributes, Element } from "../../../sdk/src/envs/locomotion/model.js";
import { readPng } from "../../../sdk/src/envs/render/png-file.js";
import { Renderer } from "../../../sdk/src/envs/render/renderer.js";
import { canTask } from "../../../sdk/src/envs/robomimic/can.js";
import { liftTask } from "../../../sdk/src/envs/robomimic/lift.js";
import { Manipulation, type ManipulationTask } from "../../../sdk/src/envs/robomimic/manipulation.js";
import { withCameras } from "../../../sdk/src/envs/robomimic/pictured.js";
import { readXml } from "../../../sdk/src/envs/robomimic/read-xml.js";
import { squareTask } from "../../../sdk/src/envs/robomimic/square.js";
import { transportTask } from "../../../sdk/src/envs/robomimic/transport.js";
import { visibleParts } from "../../../sdk/src/envs/robomimic/visible-parts.js";
import { prepareVisible } from "../../../sdk/src/envs/robomimic/visible-scene.js";
import { VectorEnv } from "../../../sdk/src/envs/vector-env.js";
import { Random } from "../../../sdk/src/engine/random.js";
import { hasAssets } from "../../assets.js";
import { hasShared, sharedFile } from "../../shared.js";

const isComplete = hasAssets("robosuite", "all");
const title = (what: string, needs: boolean) =>
  needs ? what : `${what} (needs \`dmpo assets fetch robomimic\` and ../shared)`;

const tasks: readonly [ManipulationTask, string][] = [
  [liftTask, "Lift"],
  [canTask, "PickPlaceCan"],
  [squareTask, "NutAssemblySquare"],
  [transportTask, "TwoArmTransport"],
];

/** Sizes of the cube in the model of which the pictures were taken. */
const cubeSize = [0.020360539377753537, 0.02003895048297525, 0.02092643705299669];
const limits = { agentview: 6, robot0_eye_in_hand: 4 } as const;
const side = 96;

test.skipIf(!isComplete || !hasShared)(
  title("pictures of lift are MuJoCo's", isComplete && hasShared),
  { timeout: 120_000 },
  async () => {
    const folder = assetFolder("robosuite", "all");
    await prepareVisible(liftTask, folder);
    const world = await Manipulation.load(liftTask, folder);
    onTestFinished(() => world.delete());
    for (const camera of ["agentview", "robot0_eye_in_hand"] as const) {
      const { state } = JSON.parse(readFileSync(sharedFile(`golden/render/Lift-${camera}-s0-96.json`), "utf8")) as {
        state: number[];
      };
      const theirs = readPng(sharedFile(`golden/render/Lift-${camera}-s0-96.png`)).rgb;
      const { qpos, qvel } = world.physics;
      const velocities = 1 + qpos.length;
      world.setState({ qpos: state.slice(1, velocities), qvel: state.slice(velocities, velocities + qvel.length) });
      world.physics.writeModel("geom_size", cubeSize, 3 * world.physics.indexOf("geom", "cube_g0"));
      const scene = world.scene!;
      scene.capture();
      const ours = new Renderer(scene, { width: side, height: side }).render(camera).rgb;
      const difference = ours.reduce((sum, value, i) => sum + Math.abs(value - theirs[i]!), 0) / ours.length;
      expect(difference, camera).toBeLessThanOrEqual(limits[camera]);

      const robot = camera === "agentview" ? beforeWall : dark;
      for (const [thing, silhouette] of Object.entries({ robot, object: red })) {
        const [a, b] = [silhouette(ours), silhouette(theirs)];
        const [both, either] = [a.filter((is, i) => is && b[i]), a.filter((is, i) => is || b[i])];
        expect(either.length, `${thing} in ${camera}`).toBeGreaterThan(50);
        expect(both.length / either.length, `${thing} in ${camera}`).toBeGreaterThanOrEqual(0.95);
      }
    }
  },
);

const pixels = Array.from({ length: side * side }, (_, i) => i);
/** The cube. */
const red = (rgb: Uint8Array) => pixels.map((i) => rgb[3 * i]! - rgb[3 * i + 1]! > 50);
/** The gripper over the white table. */
const dark = (rgb: Uint8Array) => pixels.map((i) => rgb[3 * i]! < 200 && !(rgb[3 * i]! - rgb[3 * i + 1]! > 50));
/** Robot before the wall, which shows above the floor: from its first to its last pixel in a row that is not the wall's grey. */
function beforeWall(rgb: Uint8Array): boolean[] {
  const isRobot = (pixel: number) => Math.abs(rgb[3 * pixel]! - 116) > 12;
  return pixels.slice(0, 13 * side).map((pixel) => {
    const row = pixel - (pixel % side);
    const columns = Array.from({ length: side }, (_, x) => x).filter((x) => isRobot(row + x));
    return pixel % side >= columns[0]! && pixel % side <= columns.at(-1)!;
  });
}

/** All geoms of group 1 that are seen in a model of robosuite's, by position and size. */
function shownIn(root: Element): string[] {
  const found: string[] = [];
  const numbers = (text: Attributes[string]) =>
    text === undefined
      ? ""
      : String(text)
          .trim()
          .split(/\s+/)
          .map((value) => (Number(value) + 0).toFixed(4).replace(/^-0\.0000$/, "0.0000"))
          .join(" ");
  const walk = ({ tag, attributes, children }: Element) => {
    if (tag === "geom" && attributes.group === "1") {
      found.push(
        `${String(attributes.type)} at ${numbers(attributes.pos ?? "0 0 0")} size ${numbers(attributes.size)}`,
      );
    }
    children.forEach(walk);
  };
  walk(root);
  return found;
}

test.skipIf(!isComplete || !hasShared).each(tasks)(
  "what is seen of $name are robosuite's visible shapes",
  async (task, name) => {
    const path = sharedFile(`golden/robosuite/robosuite-${name}.model.xml`);
    const theirs = shownIn(readXml(readFileSync(path, "utf8"), path));
    const world = await Manipulation.load(task, assetFolder("robosuite", "physics"));
    onTestFinished(() => world.delete());
    const isSimulated = (body: string) => world.physics.indexOf("body", body) >= 0;
    const { shapes, cameras } = visibleParts(task, assetFolder("robosuite", "all"), isSimulated);
    // Objects that are away, and tables' legs that stand in one place twice, are left out.
    const absent = { Lift: 0, PickPlaceCan: 3, NutAssemblySquare: 0, TwoArmTransport: 4 }[name]!;
    expect(shapes).toHaveLength(theirs.length - absent);
    for (const kind of ["box", "cylinder", "plane", "mesh"]) {
      const count = theirs.filter((one) => one.startsWith(kind)).length;
      const left =
        kind === "mesh" && name === "PickPlaceCan" ? 3 : kind === "cylinder" && name === "TwoArmTransport" ? 4 : 0;
      expect(shapes.filter(({ type }) => type === kind).length, kind).toBe(count - left);
    }
    expect(new Set(cameras.map((camera) => camera.name))).toEqual(new Set(task.cameras));
    const shown = (values: readonly number[]) =>
      values.map((value) => value.toFixed(4).replace(/^-0\.0000$/, "0.0000")).join(" ");
    const own = shapes.map(({ type, position, size }) => `${type} at ${shown(position)} size ${shown(size)}`);
    // Static frames may have been added up; sizes that are drawn differ.
    const matching = own.filter((one) => theirs.includes(one)).length;
    expect(matching / own.length).toBeGreaterThan(0.6);
  },
);

test.skipIf(!isComplete)(
  "a pictured task is the same task: states, rewards, random numbers",
  { timeout: 120_000 },
  async () => {
    const [seen, felt] = [await makeEnvironment("lift-img", { seed: 3 }), await makeEnvironment("lift", { seed: 3 })];
    onTestFinished(() => [seen, felt].forEach((environment) => environment.close()));
    expect(seen.definition).toMatchObject({ pictures: [3, 96, 96], observationDimension: 9, maxEpisodeSteps: 300 });
    expect(seen.definition.observationNames).toEqual(felt.definition.observationNames!.slice(0, 9));
    expect([...seen.reset()]).toEqual([...felt.reset()].slice(0, 9));
    const before = seen.look();
    for (let i = 0; i < 3; i++) {
      const [a, b] = [seen, felt].map((environment) => environment.step([0.5, 0, -1, 0, 0, 0.5, 1]));
      expect([...a!.observation]).toEqual([...b!.observation].slice(0, 9));
    }
    const after = seen.look();
    expect(after).not.toEqual(before);
    expect(seen.look()).toEqual(after);
    seen.setState(seen.state());
    const { rgb } = seen.render({ camera: "robot0_eye_in_hand", width: 96, height: 96 });
    const planes = Uint8Array.from(rgb, (_, i) => rgb[3 * (i % 9216) + Math.floor(i / 9216)]!);
    const mean = planes.reduce((sum, value, i) => sum + Math.abs(value - after[i]!), 0) / planes.length;
    expect(mean).toBeLessThan(1);
  },
);

test.skipIf(!isComplete)(
  "workers deliver pictures of several cameras, each in its channels",
  { timeout: 120_000 },
  async () => {
    const options = {
      env: "lift@agentview+robot0_eye_in_hand",
      count: 2,
      seed: 1,
      actionSteps: 1,
      condSteps: 1,
      imageSteps: 2,
    };
    const [alone, shared] = await Promise.all(
      [0, 1].map((workers) => VectorEnv.create({ ...options, workers, patienceSeconds: 60 })),
    );
    onTestFinished(async () => void (await Promise.all([alone!.close(), shared!.close()])));
    for (const vector of [alone!, shared!]) {
      await vector.reset();
      await vector.step(new Float32Array(14).fill(0.3));
    }
    expect(shared!.observations.rgb).toEqual(alone!.observations.rgb);
    const single = await makeEnvironment("lift@robot0_eye_in_hand", { seed: 1 });
    onTestFinished(() => single.close());
    single.reset();
    single.step(Array.from({ length: 7 }, () => Math.fround(0.3)));
    const size = 3 * 96 * 96;
    // (E, Ti, 2 cameras, ...): the last picture of the first environment, its second camera.
    expect([...alone!.observations.rgb!.subarray(3 * size, 4 * size)]).toEqual([...single.look()]);
  },
);

test("cameras are part of a name; the usual ones have a name of their own", async () => {
  expect(withCameras("can")).toBe("can-img");
  expect(withCameras("can", "robot0_eye_in_hand")).toBe("can-img");
  expect(withCameras("TwoArmTransport", "shouldercamera0", "shouldercamera1")).toBe("transport-img");
  expect(withCameras("can", "agentview", "robot0_eye_in_hand")).toBe("can@agentview+robot0_eye_in_hand");
  expect(builtInEnvironment("can@agentview+robot0_eye_in_hand")).toMatchObject({ pictures: [6, 96, 96] });
  expect(builtInEnvironment("can@robot0_eye_in_hand")).toBe(builtInEnvironment("can-img"));
  expect(builtInEnvironment("transport-img")).toMatchObject({ pictures: [6, 96, 96], observationDimension: 18 });
  expect(() => withCameras("can", "agentvew")).toThrow(/cameras of can: "agentvew"[\s\S]*did you mean "agentview"/);
  expect(() => withCameras("can", "agentview", "agentview")).toThrow(/"agentview" twice/);
  expect(() => withCameras("hopper-v2")).toThrow(/"hopper-v2" has no cameras[\s\S]*lift, can, square, transport/);
  await expect(findEnvironment("hopper@agentview")).rejects.toThrow(/there is no environment/);
});

test.skipIf(!isComplete)(
  "the cube in the picture is as large as the one in the hand",
  { timeout: 120_000 },
  async () => {
    const world = await Manipulation.load(liftTask, assetFolder("robosuite", "all"), ["agentview"]);
    onTestFinished(() => world.delete());
    const random = new Random(5).stream("sizes");
    const geom = visibleParts(liftTask, assetFolder("robosuite", "all"), () => true).shapes.findIndex(
      (shape) => shape.geom === "cube_g0",
    );
    for (let episode = 0; episode < 2; episode++) {
      world.reset(random);
      const at = 3 * world.physics.indexOf("geom", "cube_g0");
      const sizes = world.physics.modelArray("geom_size").subarray(at, at + 3);
      const matrix = world.scene!.poses().geomMatrix.subarray(9 * geom, 9 * geom + 9);
      [0, 1, 2].forEach((axis) => {
        expect(Math.hypot(matrix[axis]!, matrix[3 + axis]!, matrix[6 + axis]!)).toBeCloseTo(sizes[axis]!, 12);
      });
    }
  },
);
