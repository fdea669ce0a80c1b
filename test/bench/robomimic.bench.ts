// Control steps per second of robomimic's tasks, one environment on one core, beside robosuite 1.4.1 with native MuJoCo: the same
// swaying actions, which never rest, turns taken in processes of their own, the best counts.
import { fileURLToPath } from "node:url";
import type { Context, Row } from "./contest.js";
import { rate, robosuiteRate } from "./robosuite.js";

const tasks = ["lift", "can", "square", "transport"];
const ours = fileURLToPath(new URL("./ours/robomimic.mjs", import.meta.url));
const peer = fileURLToPath(new URL("./peers/robomimic.py", import.meta.url));

export async function measure({ threads, rounds }: Context): Promise<Row[]> {
  if (!threads.includes(1)) return [];
  const rows: Row[] = [];
  for (const task of tasks) {
    const rates: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
    let message: string | undefined;
    for (let round = 0; round < rounds; round++) {
      rates.ours.push(await rate(process.execPath, ours, [task]));
      if (message !== undefined) continue;
      const theirs = await robosuiteRate(peer, [task]);
      if (typeof theirs === "number") rates.peer.push(theirs);
      else ({ message } = theirs);
    }
    const [best, other] = [Math.max(...rates.ours), message === undefined ? Math.max(...rates.peer) : null];
    rows.push({
      ...{ name: task, unit: "steps/s", ours: best, peer: other, peerName: "robosuite 1.4.1, native MuJoCo" },
      ...{ ratio: other && best / other, threads: 1, ...(message !== undefined && { message }) },
    });
  }
  return rows;
}
