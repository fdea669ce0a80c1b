// How often each algorithm calls what it compiled, and for how many rows: counts that its options name, worked out by hand. All that
// was compiled is released at the end.
import { expect, test, vi } from "vitest";
import { type compile as compileTruly } from "../../sdk/src/engine/compile.js";
import { drive, type DriveContext } from "../../sdk/src/learning/drive.js";
import type { IterationRecord } from "../../sdk/src/rl/iteration-record.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { algorithms } from "../../sdk/src/rl/registry.js";
import { demonstrations, pointMassSetup, squashedGaussian } from "./point-mass.js";

interface Counted {
  readonly name: string;
  readonly rows: number[];
  released: boolean;
}
const compiled = vi.hoisted((): Counted[] => []);

vi.mock("../../sdk/src/engine/compile.js", async (original) => {
  const module = await original<{ compile: typeof compileTruly }>();
  const compile: typeof compileTruly = (fn, options = {}) => {
    const program = module.compile(fn, options);
    // A name stands in errors.
    const counted: Counted = { name: options.name || fn.name, rows: [], released: false };
    compiled.push(counted);
    const called = (...given: Parameters<typeof program>) => {
      counted.rows.push(rowsOf(given[0]));
      return program(...given);
    };
    const dispose = async () => {
      counted.released = true;
      await program.dispose();
    };
    return Object.assign(called, program, { dispose });
  };
  return { ...module, compile };
});

/** Rows of the observations that a program is called with. */
function rowsOf(input: unknown): number {
  const { batch = input } = input as { batch?: unknown };
  const { observation = batch } = batch as { observation?: unknown };
  return (observation as { state: { shape: readonly number[] } }).state.shape[0]!;
}

const [E, STEPS, B] = [4, 8, 16];
/** Evaluations at iterations 0 and 4, so three that train; each collects 32 chunks, four episodes of eight. */
const common = { iterations: 5, steps: STEPS, valFreq: 4, batchSize: B, evaluationEpisodes: E };
const [critic, small] = [
  { mlpDims: [8, 8] },
  { horizonSteps: 1, actionDim: 1, condDim: 2, mlpDims: [8, 8, 8], timeDim: 4 },
];
const diffusion = () => new PolicyModel({ policy: "diffusion", options: { denoisingSteps: 2 }, network: small });
const gaussian = () =>
  new PolicyModel({
    policy: "gaussian",
    options: {},
    network: {
      ...{ horizonSteps: 1, actionDim: 1, condDim: 2, mlpDims: [8, 8], activationType: "ReLU" },
      ...{ residualStyle: false, fixedStd: 0.1 },
    },
  });
const reflow = () => new PolicyModel({ policy: "reflow", options: {}, network: small });

/** Eight updates an iteration: four samples for each of 32 transitions, sixteen at a time. The first leaves the policy alone. */
const replay = { replayRatio: 4, nCriticWarmupItr: 2, critic };
const updates = (calls: number, rows = [B]) => ({ calls, rows });
/** Evaluations play eight steps each. */
const evaluated = { sample: updates(2 * STEPS, [E]) };
const acting = { ...evaluated, exploration: updates(3 * STEPS, [E]) };
const rollout = { ...evaluated, act: updates(3 * STEPS, [E]) };

interface Case {
  readonly model: () => PolicyModel;
  readonly options: object;
  /** Calls of every program, and their rows. */
  readonly expected: Record<string, { calls: number; rows: number[] }>;
  /** What is random has a stream of its own, by whose name a checkpoint goes on with it. */
  readonly drawn: readonly string[];
}
const always = ["batches", "critic weights", "evaluation", "exploration", "noise"];

const cases: Record<string, Case> = {
  dql: {
    model: diffusion,
    options: replay,
    expected: { ...acting, "DQL critic loss": updates(24), "DQL actor loss": updates(16) },
    drawn: always,
  },
  qsm: {
    model: diffusion,
    options: replay,
    expected: { ...acting, "QSM critic loss": updates(24), "QSM actor loss": updates(16) },
    drawn: always,
  },
  dipo: {
    model: diffusion,
    options: replay,
    expected: {
      ...{ ...acting, "DIPO critic loss": updates(24) },
      ...{ "DIPO actor loss": updates(16), "DIPO action gradient": updates(16) },
    },
    drawn: always,
  },
  idql: {
    model: diffusion,
    options: {
      ...{ replayRatio: 4, nCriticWarmupItr: 2 },
      ...{ criticQ: critic, criticV: { mlpDims: [8] }, evalSampleNum: 3 },
    },
    expected: {
      "IDQL candidates": updates(5 * STEPS, [E]),
      ...{ "IDQL value loss": updates(24), "IDQL critic loss": updates(24), "IDQL actor loss": updates(16) },
    },
    drawn: [...always, "value weights"],
  },
  // Half as many updates of the critic. Values of everything in memory, 32, 64 and 96 transitions, then of the four newest, before
  // the critic learns, and where the policy does, again after: 2 + 1, twice 4 + 1, twice 6 + 1 batches.
  awr: {
    model: diffusion,
    options: { replayRatio: 4, nCriticWarmupItr: 2, criticUpdateRatio: 2, critic: { mlpDims: [8] } },
    expected: {
      ...{ ...acting, "AWR critic loss": updates(12), "AWR values": updates(3 + 2 * 5 + 2 * 7) },
      "weighted imitation": updates(16),
    },
    drawn: always,
  },
  // Two batches of the 32 chunks, three times an iteration.
  rwr: {
    model: diffusion,
    options: { updateEpochs: 3 },
    expected: { ...acting, "weighted imitation": updates(18) },
    drawn: always.filter((name) => name !== "critic weights"),
  },
  grpo: {
    model: gaussian,
    options: { nGroups: 2, updateEpochs: 3, targetKl: null },
    expected: { ...rollout, "GRPO loss": updates(18) },
    drawn: ["evaluation", "exploration", "minibatches", "starts"],
  },
  // The critic learns in every iteration, the policy after two of them.
  ppo: {
    model: gaussian,
    options: { updateEpochs: 3, targetKl: null, nCriticWarmupItr: 2, critic: { mlpDims: [8] } },
    expected: {
      // Of where each rollout ended.
      ...{ ...rollout, value: updates(3, [E]) },
      ...{ "critic loss": updates(18), "actor loss": updates(6) },
    },
    drawn: ["critic weights", "evaluation", "exploration", "minibatches", "noise net weights"],
  },
  // An update of the critics for every chunk, and as soon as there are sixteen: after the fourth step of 24, so 21 times four.
  sac: {
    model: squashedGaussian,
    options: { criticReplayRatio: B, actorReplayRatio: B / 2, explorationSteps: 8, critic },
    expected: {
      ...{ ...evaluated, exploration: updates(3 * STEPS - 2, [E]) },
      // Every second update of the critics is followed by two of the policy.
      ...{ "SAC critic loss": updates(84), "SAC actor loss": updates(84) },
    },
    drawn: ["acting", ...always],
  },
  // Of a batch half are demonstrations; two updates of the critics for one of the policy.
  rlpd: {
    model: squashedGaussian,
    options: { explorationSteps: 16, criticNumUpdate: 2, nCritics: 3, critic },
    expected: {
      ...{ ...evaluated, exploration: updates(3 * STEPS - 4, [E]) },
      ...{ "RLPD critic loss": updates(168), "RLPD actor loss": updates(84) },
    },
    drawn: ["acting", ...always],
  },
  // After every second step, once for each environment: 12 times four.
  ibrl: {
    model: gaussian,
    options: { updateFreq: 2, criticNumUpdate: 3, nCritics: 3, critic },
    expected: {
      "IBRL proposals": updates(5 * STEPS, [E]),
      ...{ "IBRL critic loss": updates(144), "IBRL actor loss": updates(48) },
    },
    drawn: always,
  },
  // Eight updates on demonstrations and four more fill the first iterations; the third acts: half a batch is there after two steps.
  fql: {
    model: reflow,
    options: { offlineSteps: 12, flowSteps: 2, network: { hiddenDim: 8 }, critic },
    expected: {
      // The flow is evaluated beside the student.
      ...{ exploration: updates(STEPS, [E]), sample: updates(4 * STEPS, [E]) },
      ...{ "FQL critic loss": updates(40), "FQL actor loss": updates(40), "FQL flow loss": updates(40) },
    },
    drawn: ["actor weights", ...always],
  },
  calql: {
    model: squashedGaussian,
    options: { steps: undefined, numUpdate: 7, nRandomActions: 2, cqlNActions: 2, critic },
    expected: { ...evaluated, "Cal-QL critic loss": updates(21), "Cal-QL actor loss": updates(21) },
    drawn: always.filter((name) => name !== "exploration"),
  },
};

test("no algorithm is left out", () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(algorithms).sort());
});

test.each(Object.keys(cases))("%s learns as often as its options say, and leaves nothing compiled", async (name) => {
  compiled.length = 0;
  const { model, options, expected, drawn } = cases[name]!;
  const setup = { ...pointMassSetup(model(), E), demonstrations: await demonstrations(0.3, 4, 0.5) };
  const all = Object.entries({ ...common, ...options }).filter(([, value]) => value !== undefined);
  let streams: string[] = [];
  const onIteration: DriveContext<IterationRecord>["onIteration"] = (_, run) =>
    void (streams = Object.keys(run.state().random.streams));
  await drive(algorithms[name]!, setup, Object.fromEntries(all), { onIteration });
  const counted: Record<string, { calls: number; rows: number[] }> = {};
  for (const program of new Set(compiled.map((one) => one.name))) {
    const rows = compiled.filter((one) => one.name === program).flatMap((one) => one.rows);
    if (rows.length > 0) counted[program] = { calls: rows.length, rows: [...new Set(rows)] };
  }
  expect(counted).toEqual(expected);
  expect(streams.sort()).toEqual(drawn);
  expect(compiled.filter(({ released }) => !released)).toEqual([]);
});
