// Pictures per second of a moving hopper, drawn by the one thread that also simulates it.
import { performance } from "node:perf_hooks";
// The compiled package: the loader that runs the sources slows drawing down.
import { makeEnvironment } from "../../sdk/dist/envs/make-environment.js";
import type { Context, Row } from "./contest.js";

const seconds = 2;

export async function measure({ threads }: Context): Promise<Row[]> {
  if (!threads.includes(1)) return [];
  const rows: Row[] = [];
  for (const [width, height] of [
    [96, 96],
    [640, 480],
  ] as const) {
    for (const samples of [1, 2]) {
      const ours = await picturesPerSecond({ width, height, samples });
      const name = `hopper, ${width} x ${height}, ${samples} x ${samples} samples per pixel`;
      rows.push({ name, unit: "pictures/s", ours, peer: null, peerName: "", ratio: null, threads: 1 });
    }
  }
  return rows;
}

async function picturesPerSecond(options: { width: number; height: number; samples: number }): Promise<number> {
  const environment = await makeEnvironment("hopper-v2");
  const draw = (count: number) => {
    if (count % 10 === 0) environment.reset();
    environment.step([0.1, 0.1, 0.1].map((torque) => torque * Math.sin(count)));
    environment.render(options);
  };
  for (let count = 0; count < 20; count++) draw(count);
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < 1000 * seconds) draw(count++);
  environment.close();
  return (1000 * count) / (performance.now() - start);
}
