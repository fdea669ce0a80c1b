// Environment steps per second of a core's time in the Franka kitchen, arm moving, beside a bare loop of mj_step over the package's
// whole model, and beside the hopper, whose rate says what the machine is worth. They take turns in short windows; medians count.
// The compiled package: the loader that runs the sources slows it down.
import { assetFolder, fetchAssets } from "../../sdk/dist/envs/assets/assets.js";
import { makeEnvironment } from "../../sdk/dist/envs/make-environment.js";
import { kitchenModel } from "../../sdk/dist/envs/kitchen/model.js";
import { Simulator } from "../../sdk/dist/envs/simulator.js";
import type { Context, Row } from "./contest.js";

const [windows, steps] = [40, 25];

export async function measure({ threads }: Context): Promise<Row[]> {
  if (!threads.includes(1)) return [];
  await fetchAssets("kitchen", { subset: "all" });
  const environment = await makeEnvironment("kitchen-mixed-v0");
  const bare = await Simulator.load(kitchenModel(assetFolder("kitchen", "all"), true));
  environment.reset();
  bare.qpos.set(environment.state().qpos);
  bare.forward();
  const action = (step: number) => Array.from({ length: 9 }, (_, i) => 0.8 * Math.sin(0.15 * step + 0.6 * i));
  let step = 0;
  const hopper = await makeEnvironment("hopper-v2");
  hopper.reset();
  const [ours, peer, hops]: [number[], number[], number[]] = [[], [], []];
  for (let window = 0; window < windows; window++) {
    const first = step;
    const own = rate(() => {
      if (environment.step(action(step++)).truncated) environment.reset();
    });
    step = first;
    const other = rate(() => {
      const [wanted, now] = [action(step++), bare.qpos];
      for (let i = 0; i < 9; i++) bare.ctrl[i] = now[i]! + 0.16 * wanted[i]!;
      bare.step(40);
    });
    const hop = rate(() => {
      const { terminated, truncated } = hopper.step([0.1 * Math.sin(step++), 0, 0]);
      if (terminated || truncated) hopper.reset();
    }, 20 * steps);
    // The engine's first calls are slow.
    if (window < 4) continue;
    ours.push(own);
    peer.push(other);
    hops.push(hop);
  }
  hopper.close();
  environment.close();
  bare.delete();
  const row = (peerName: string, rates: readonly number[]): Row => ({
    ...{
      name: "Franka kitchen",
      unit: "environment steps/s of a core",
      ours: median(ours),
      peer: median(rates),
      peerName,
    },
    ...{ ratio: median(ours.map((own, i) => own / rates[i]!)), threads: 1 },
  });
  return [row("mj_step, whole model", peer), row("hopper-v2", hops)];
}

function rate(advance: () => void, count = steps): number {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) advance();
  const { user, system } = process.cpuUsage(before);
  return (1e6 * count) / (user + system);
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
