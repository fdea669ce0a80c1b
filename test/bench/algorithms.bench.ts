// Every algorithm that learns from a memory, with its hopper configuration: time per update, of SAC, DQL, IDQL and Cal-QL beside twins in
// PyTorch, of SAC beside Stable-Baselines3 too; the share of it that is neither networks nor optimisers; and a memory of a million
// transitions.
import { contest, rows, type Context, type Row } from "./contest.js";

/** Updates per call and calls; those that sample through twenty steps of diffusion take long. */
const cases = {
  sac: { updates: 5, repeats: 40 },
  calql: { updates: 2, repeats: 20 },
  idql: { updates: 2, repeats: 10 },
  dql: { updates: 1, repeats: 3 },
  awr: { updates: 4, repeats: 5 },
  rwr: { updates: 4, repeats: 5 },
  qsm: { updates: 1, repeats: 5 },
  dipo: { updates: 1, repeats: 5 },
  fql: { updates: 2, repeats: 15 },
  rlpd: { updates: 1, repeats: 10 },
  ibrl: { updates: 1, repeats: 10 },
  grpo: { updates: 2, repeats: 3 },
};
const twins = ["sac", "calql", "idql", "dql"];
const titles: Readonly<Record<string, string>> = { calql: "Cal-QL" };

export async function measure(context: Context): Promise<Row[]> {
  const all: Row[] = [];
  const alone = (name: string, unit: string, ours: number, threads: number) =>
    all.push({ name, unit, ours, peer: null, peerName: "-", ratio: null, threads });
  for (const threads of context.threads) {
    for (const [algorithm, calls] of Object.entries(cases)) {
      const title = titles[algorithm] ?? algorithm.toUpperCase();
      const ours = { file: "ours/update.ts", options: { algorithm, ...calls } };
      const peers = [
        ...(twins.includes(algorithm)
          ? [{ name: "PyTorch eager", file: "peers/algorithms.py", options: ours.options }]
          : []),
        ...(algorithm === "sac" ? [{ name: "Stable-Baselines3", file: "peers/sb3_sac.py", options: calls }] : []),
      ];
      const result = await contest(context, threads, ours, peers);
      if (peers.length > 0) all.push(...rows(`${title}, an update`, threads, result));
      else alone(`${title}, an update`, "ms", result.ours.median, threads);
    }
  }
  for (const algorithm of twins) {
    const host = { file: "ours/update.ts", options: { algorithm, ...cases[algorithm as "sac"], figure: "host" } };
    const { ours } = await contest(context, 1, host, []);
    alone(
      `${titles[algorithm] ?? algorithm.toUpperCase()}, share outside networks and optimisers`,
      "%",
      ours.median,
      1,
    );
  }
  const memory = await contest(context, 1, { file: "ours/replay.ts", options: { transitions: 1_000_000 } }, []);
  alone("a batch of 256 of a million transitions", "ms", memory.ours.median, 1);
  alone("a million transitions of hopper", "MB", memory.ours.peakMiB, 1);
  return all;
}
