// Pictures per second of moving simulations, drawn by the one thread that also simulates them: the hopper, and what robomimic's
// policies see, the latter beside robosuite with MuJoCo's own renderer in software (OSMesa). Machines are shared, so a row is the best of
// many short windows.
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { Random } from "../../sdk/dist/engine/random.js";
import { fetchFor } from "../../sdk/dist/envs/assets/assets.js";
// The compiled package: the loader that runs the sources slows drawing down.
import { makeEnvironment } from "../../sdk/dist/envs/make-environment.js";
import { builtInEnvironment } from "../../sdk/dist/envs/registry.js";
import { sizeOf } from "../../sdk/dist/space.js";
import type { Context, Row } from "./contest.js";
import { robosuiteRate } from "./robosuite.js";

const windows = 200;
const peer = fileURLToPath(new URL("./peers/pictures.py", import.meta.url));
/** In these the program is still being compiled. */
const warmUp = 60;

export async function measure({ threads }: Context): Promise<Row[]> {
  if (!threads.includes(1)) return [];
  const rows: Row[] = [];
  const add = (name: string, ours: number) =>
    rows.push({ name, unit: "pictures/s", ours, peer: null, peerName: "", ratio: null, threads: 1 });
  for (const [width, height] of [
    [96, 96],
    [640, 480],
  ] as const) {
    for (const samples of [1, 2]) {
      const name = `hopper, ${width} x ${height}, ${samples} x ${samples} samples per pixel, simulation included`;
      add(name, await filmed("hopper-v2", { width, height, samples }));
    }
  }
  const seen = {
    "lift@agentview+robot0_eye_in_hand": "lift, agentview and robot0_eye_in_hand, 96 x 96",
    "can@agentview+robot0_eye_in_hand": "can, agentview and robot0_eye_in_hand, 96 x 96",
    "square@agentview+robot0_eye_in_hand": "square, agentview and robot0_eye_in_hand, 96 x 96",
    "transport-img": "transport, shouldercamera0 and shouldercamera1, 96 x 96",
  };
  for (const [env, name] of Object.entries(seen)) {
    const { pictures, step, cameras } = await looked(env);
    const theirs = await robosuiteRate(peer, [env.split(/[@-]/)[0]!, ...cameras], "osmesa");
    const [other, missing] = typeof theirs === "number" ? [theirs, {}] : [null, theirs];
    rows.push({
      ...{ name, unit: "pictures/s", ours: pictures, peer: other, peerName: "robosuite 1.4.1, MuJoCo with OSMesa" },
      ...{ ratio: other && pictures / other, threads: 1, ...missing },
    });
    rows.push({ name: `${name}: the simulation's steps`, unit: "steps/s", ours: step, peer: null, peerName: "", ratio: null, threads: 1 }); // prettier-ignore
  }
  add("can, a film of 640 x 480, simulation included", await filmed("can", { width: 640, height: 480, samples: 2 }));
  return rows;
}

/** What `render()` gives, with a control step before each picture. */
async function filmed(name: string, options: { width: number; height: number; samples: number }): Promise<number> {
  const environment = await makeEnvironment(name);
  const action = new Array<number>(environment.definition.actionDimension).fill(0.1);
  const draw = (count: number) => {
    if (count % 10 === 0) environment.reset();
    environment.step(action.map((value) => value * Math.sin(count)));
    environment.render(options);
  };
  const best = fastest(options.width > 96 ? 40 : windows, draw);
  environment.close();
  return best;
}

/** What policies see; the control steps between are timed apart. */
async function looked(name: string): Promise<{ pictures: number; step: number; cameras: readonly string[] }> {
  const definition = builtInEnvironment(name);
  await fetchFor(definition);
  const simulation = await definition.create({ inertia: "legacy" });
  simulation.reset(new Random(1).stream("bench"));
  const action = new Float64Array(definition.actionDimension);
  const out = new Uint8Array(sizeOf(definition.pictures!));
  const cameras = definition.cameras!;
  let [pictures, step] = [Infinity, Infinity];
  for (let window = 0; window < windows; window++) {
    const start = performance.now();
    simulation.step(action.fill(0.2 * Math.sin(window)));
    const between = performance.now();
    simulation.look!(out);
    step = Math.min(step, between - start);
    if (window >= warmUp) pictures = Math.min(pictures, (performance.now() - between) / cameras.length);
  }
  simulation.delete();
  return { pictures: 1000 / pictures, step: 1000 / step, cameras };
}

function fastest(count: number, draw: (count: number) => void): number {
  let best = Infinity;
  for (let window = 0; window < count; window++) {
    const start = performance.now();
    draw(window);
    if (window >= Math.min(warmUp, count / 2)) best = Math.min(best, performance.now() - start);
  }
  return 1000 / best;
}
