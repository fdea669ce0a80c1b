// Rollouts: poses are MuJoCo's, curves the episode's; players of them are small and say what they cannot show.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../../sdk/src/engine/random.js";
import { defineEnvironment, type EnvironmentDefinition } from "../../../sdk/src/envs/environment.js";
import { hopper } from "../../../sdk/src/envs/locomotion/hopper.js";
import { sphere } from "../../../sdk/src/envs/render/mesh.js";
import { simplifiedWithin } from "../../../sdk/src/envs/render/simplify.js";
import { makeEnvironment, type Environment } from "../../../sdk/src/envs/make-environment.js";
import { Player, player, show, stateOf } from "../../../sdk/src/experiments/rollouts/player.js";
import { EpisodeRecorder, rollout, type Rollout } from "../../../sdk/src/experiments/rollouts/rollout.js";
import { pack } from "../../../sdk/src/figures/player/pack.js";
import { unpack } from "../../../sdk/src/figures/player/packed.js";
import { hasAssets } from "../../assets.js";
import { scriptedPolicy } from "../scripted-policy.js";

/** A hopper that is never too crooked to go on. */
const tireless = (name = "tireless") =>
  defineEnvironment({
    ...hopper,
    ...{ name, aliases: [] },
    create: async (options) => ({ ...(await hopper.create(options)), terminated: () => false }),
  });

async function randomActions(env: EnvironmentDefinition | string, steps: number, seed = 0): Promise<Rollout> {
  const environment = await makeEnvironment(env);
  const action = new Float32Array(environment.definition.actionDimension);
  const random = new Random(seed).stream("actions");
  const recorder = new EpisodeRecorder();
  recorder.begin(environment, environment.reset());
  for (let step = 0; step < steps; step++) recorder.step(environment, environment.step(random.uniform(action, -1, 1)));
  const recorded = await recorder.rollout((name) => `random actions in ${name}`);
  environment.close();
  return recorded;
}

test("poses of all frames are those of MuJoCo, of the start too", async () => {
  const environment = await makeEnvironment("hopper-v2", { seed: 4 });
  onTestFinished(() => environment.close());
  const recorder = new EpisodeRecorder();
  const states = [];
  recorder.begin(environment, environment.reset());
  states.push(environment.state());
  for (let step = 0; step < 10; step++) {
    recorder.step(environment, environment.step([0.3, -0.2, 0.4]));
    states.push(environment.state());
  }
  const { scene, rewards, observations } = await recorder.rollout((name) => name);
  expect([scene!.frames, rewards.length, observations.length]).toEqual([11, 10, 11]);
  // The same model, put into the same states.
  const other = await makeEnvironment("hopper-v2");
  onTestFinished(() => other.close());
  states.forEach((state, frame) => {
    other.reset();
    other.setState(state);
    const { geomPosition, geomMatrix } = other.scene()!.poses();
    for (let pose = 0; pose < scene!.poses; pose++) {
      const geom = [1, 2, 3, 4, 0][pose]!;
      const at = frame * scene!.poses + pose;
      const [w, x, y, z] = scene!.rotations.subarray(4 * at, 4 * at + 4) as unknown as [number, number, number, number];
      const matrix = [
        ...[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        ...[2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        ...[2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
      ];
      // After a step MuJoCo's derived quantities are those of its last stage: a quarter of a step of motion at most.
      const tolerance = frame === 0 ? 1e-12 : 0.02;
      matrix.forEach((value, i) => expect(Math.abs(value - geomMatrix[9 * geom + i]!)).toBeLessThan(tolerance));
      for (let axis = 0; axis < 3; axis++) {
        const difference = scene!.positions[3 * at + axis]! - geomPosition[3 * geom + axis]!;
        expect(Math.abs(difference)).toBeLessThan(tolerance);
      }
    }
  });
});

test("an episode of a policy: rewards, sums, observations by name, from the first state", async () => {
  const policy = scriptedPolicy({ sample: (_, noise) => noise.zerosLike().add<typeof noise>(0.25) });
  const played = await rollout(policy, { maxSteps: 5, seed: 2 });
  expect(played.title).toBe("scripted in scripted");
  expect(played.steps).toBe(5);
  expect(played.observations).toHaveLength(6);
  expect(played.curve("reward")[0]).toBeNaN();
  expect([...played.curve("reward").subarray(1)]).toEqual([...played.rewards]);
  expect(played.curve("return")[0]).toBe(0);
  expect(played.curve("return")[5]).toBeCloseTo(played.return, 12);
  expect([...played.curve(played.observationNames[1]!)]).toEqual(played.observations.map((seen) => seen[1]));
  expect(() => played.curve("rewad")).toThrow(/curves: "rewad"[^]*did you mean "reward"/);
  const stopped = await rollout(policy, { signal: AbortSignal.abort() });
  expect(stopped.steps).toBe(1);
});

test("an environment as it stands is one frame; a model without a body is refused with what would do", async () => {
  const environment = await makeEnvironment("hopper-v2");
  environment.reset();
  const state = await stateOf(environment);
  expect([state.steps, state.scene!.frames]).toEqual([0, 1]);
  expect((await player(environment)).html()).toContain("data-dmpo-player");
  environment.close();
  expect(() => new Player(bodiless(state))).toThrow(/has nothing to show/);
  await expect(show(state)).rejects.toThrow(/no notebook is running this[^]*save\("rollout.html"\)/);
});

test("in a notebook, show() is an output of the cell that runs", async () => {
  const shown: Record<string, unknown>[] = [];
  const place = Symbol.for("dmpo.notebook");
  Reflect.set(globalThis, place, { display: (bundle: Record<string, unknown>) => void shown.push(bundle) });
  onTestFinished(() => void Reflect.deleteProperty(globalThis, place));
  await show(await randomActions(tireless(), 3), { curves: ["height"] });
  expect(shown.map((bundle) => Object.keys(bundle))).toEqual([["text/html", "image/png", "text/plain"]]);
  expect(shown[0]!["text/plain"]).toMatch(/^Rollout: random actions in tireless, 3 steps, return /);
});

const bodiless = (state: Rollout) => Object.create(state, { scene: { value: undefined } }) as Rollout;

test("what does not fit is said before anything is drawn", async () => {
  const state = await randomActions(tireless(), 3);
  const other = await randomActions(tireless("another"), 3);
  expect(() => new Player(state, { compareWith: other })).toThrow(
    /compareWith: a rollout of another[^]*one of tireless/,
  );
  expect(() => new Player(state, { curves: ["hight"] })).toThrow(/did you mean "height"/);
  expect(() => new Player(state, { camera: "above" })).toThrow(/camera: "above"[^]*track/);
});

test("the view: what moves is in its middle and fits; a camera of the model is taken as it is", async () => {
  const { scene } = await randomActions(tireless(), 5);
  const { position, target, fieldOfView, radius } = scene!.view;
  const distance = Math.hypot(...position.map((value, axis) => value - target[axis]!));
  // All of a ball of that radius is seen from there.
  expect(Math.asin(radius / distance)).toBeLessThan((fieldOfView * Math.PI) / 360);
  expect(target[2]).toBeCloseTo(0.7, 0);
  const { position: eye } = scene!.viewThrough({
    position: [1, -3, 1],
    right: [1, 0, 0],
    up: [0, 0, 1],
    fieldOfView: 30,
  });
  expect(eye).toEqual([1, -3, 1]);
  expect(scene!.viewThrough({ position: [1, -3, 1], right: [1, 0, 0], up: [0, 0, 1], fieldOfView: 30 }).target[0]).toBe(
    1,
  );
});

test("a page of it contains the rollout, and nothing from elsewhere", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dmpo-player-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [first, second] = [await randomActions(tireless(), 30, 1), await randomActions(tireless(), 40, 2)];
  await new Player(first, { compareWith: second, curves: ["height"] }).save(join(folder, "two.html"));
  const page = await readFile(join(folder, "two.html"), "utf8");
  expect(page.match(/(?:src|href)="(?!data:)/g)).toBeNull();
  const [, data] = [...page.matchAll(/unzip\("([\w+/=]+)"\)/g)].map(([, text]) => text!);
  const { rollouts } = unpack(gunzipSync(Buffer.from(data!, "base64")));
  expect(rollouts.map(({ frames, curves }) => [frames, curves.map(({ name }) => name)])).toEqual([
    [31, ["height"]],
    [41, ["height"]],
  ]);
  // Shapes are stored once.
  expect(rollouts[0]!.shapes).toEqual(rollouts[1]!.shapes);
});

/** Three notebook outputs of one rollout, as a notebook has them. */
const sizeOfThree = (one: Rollout) => 3 * JSON.stringify(new Player(one).bundle()).length;

test("three players of a hopper's 1,000 steps are far below five megabytes", { timeout: 300_000 }, async () => {
  const episode = await randomActions(tireless(), 1000);
  expect(episode.scene!.frames).toBe(1001);
  expect(sizeOfThree(episode)).toBeLessThan(1_500_000);
  const { title, secondsPerStep: secondsPerFrame, scene } = episode;
  expect(pack([{ ...scene!, title, secondsPerFrame, curves: [] }]).length).toBeLessThan(60_000);
});

test.skipIf(!hasAssets("robosuite", "all"))(
  "three players of 300 steps of robomimic's can are below five megabytes",
  { timeout: 600_000 },
  async () => {
    const environment: Environment = await makeEnvironment("can");
    onTestFinished(() => environment.close());
    const recorder = new EpisodeRecorder();
    recorder.begin(environment, environment.reset());
    const { qpos, qvel } = environment.state();
    const random = new Random(5).stream("joints");
    const drift = new Float32Array(7);
    const posture = Array.from(qpos);
    // All joints wander, as smoothly as an arm does and less so than a policy: what takes long is the engine's contacts.
    for (let step = 0; step < 300; step++) {
      random.normal(drift, 0, 0.02);
      drift.forEach((value, joint) => (posture[joint]! += value));
      environment.setState({ qpos: posture, qvel });
      recorder.step(environment, { observation: new Float64Array(23), reward: 0 });
    }
    const episode = await recorder.rollout((name) => name);
    expect(episode.scene!.frames).toBe(301);
    expect(sizeOfThree(episode)).toBeLessThan(5_000_000);
  },
);

test("meshes of a model that nobody simplified are, within what one sees", async () => {
  const fine = sphere(0.5, 128);
  const coarse = await simplifiedWithin(fine, 0.005);
  expect(coarse.faces.length).toBeLessThan(0.2 * fine.faces.length);
  for (let at = 0; at < coarse.positions.length; at += 3) {
    expect(Math.abs(Math.hypot(...coarse.positions.subarray(at, at + 3)) - 0.5)).toBeLessThan(1e-5);
  }
});
