// The first journey: demonstrations -> one-step policy -> PPO -> report, on hopper, in minutes.
import { join } from "node:path";
import { z } from "zod";
import type { Dataset } from "../data/dataset.js";
import { comparisonBars } from "../figures/charts/comparison-bars.js";
import { denoisingChart } from "../figures/charts/denoising-steps.js";
import { histogram } from "../figures/charts/histogram.js";
import { rolloutStrip } from "../figures/charts/rollout-strip.js";
import { writeReport, type ReportFigure, type ReportPlayer } from "../figures/report/report-page.js";
import { comparisonTable } from "../figures/text-table.js";
import { callback, checkOptions, count, optionsSchema, wholeNumber } from "../options.js";
import { dataset } from "./dataset-argument.js";
import { controlShape, folderOf, stoppable, writeJson, type RunControl } from "./runs/control.js";
import { evaluate, type EvaluationReport } from "./runs/evaluation.js";
import type { FineTuningRun } from "./runs/finetuning.js";
import { MeanFlow } from "./policies.js";
import { PPO, type FinetuneInput } from "./algorithms.js";
import type { PretrainInput } from "./policy-description.js";
import type { PretrainingRun } from "./runs/pretraining.js";
import { rolloutPoses } from "./rollout-poses.js";
import { Player } from "./rollouts/player.js";
import { rollout } from "./rollouts/rollout.js";
import { versions } from "./runs/versions.js";

/** What the journey goes through; its stages keep their files in folders of their own below `folder`. */
export interface JourneyInput extends RunControl {
  /** Demonstrations to begin with. */
  readonly data: Dataset;
  /** Name, e.g. "hopper-v2". Default: the environment of the data. */
  readonly env?: string;
  /** Of both stages; evaluations have the next one. Default 42. */
  readonly seed?: number;
  /** Episodes of each evaluation. Default 40. */
  readonly episodes?: number;
  /** Widths of the policy's hidden layers. Default [256, 256, 256]. */
  readonly mlpDims?: number[];
  /** Options of pre-training that differ from its defaults. */
  readonly pretrain?: PretrainInput;
  /** Options of PPO that differ from its preset's. */
  readonly finetune?: FinetuneInput;
  /** Told what is being done and what came of it. Default: nobody. */
  readonly say?: (sentence: string) => void;
}

/** Everything that the journey produced. */
export interface Journey {
  /** The one-step policy that imitates the demonstrations. */
  readonly pretraining: PretrainingRun;
  /** What PPO made of it. */
  readonly finetuning: FineTuningRun;
  /** Evaluations of the pre-trained policy in 1, 2 and 5 steps, by initial noise. */
  readonly before: Evaluations;
  /** The same of the fine-tuned one. */
  readonly after: Evaluations;
  /** Wall-clock seconds of all stages, the report left out. */
  readonly seconds: number;
  /** Path of the report's page; undefined if nothing was written. */
  readonly report: string | undefined;
  /** The table that compares both policies. */
  readonly table: string;
}

/** Sampled and zero initial noise are two policies, reported side by side and never mixed. */
type Evaluations = Readonly<Record<"sampled" | "zero", EvaluationReport>>;

const schema = optionsSchema<JourneyInput>(
  {
    ...controlShape,
    ...{ data: dataset, env: z.string(), seed: wholeNumber, episodes: count, mlpDims: z.array(count) },
    ...{ pretrain: z.looseObject({}), finetune: z.looseObject({}), say: callback },
  },
  ["data"],
);

/**
 * Runs all stages into one folder with a report: pre-training of improved MeanFlow, evaluation, PPO, evaluation.
 *
 * @throws InputError for wrong options or an environment that does not fit the data.
 * @throws the signal's reason when it is stopped; checkpoints of the stage in progress are in its folder then.
 */
export async function runJourney(input: JourneyInput): Promise<Journey> {
  checkOptions(schema, input);
  const { data, env = data.name, seed = 42, episodes = 40, mlpDims = [256, 256, 256], say = () => {} } = input;
  const folder = await folderOf(input, { task: "quickstart", seed });
  const { signal, progress, device, threads, workers } = stoppable(input);
  const control = { signal, progress, device, threads, workers };
  const stage = (name: string) => ({ ...control, console: input.console, folder: folder ? join(folder, name) : null });
  const started = performance.now();
  const examine = async (run: PretrainingRun | FineTuningRun): Promise<Evaluations> => {
    const settings = { ...control, env, episodes, seed: seed + 1, denoisingSteps: [1, 2, 5] };
    const sampled = await evaluate(run, { ...settings, initialNoise: "sampled" });
    return { sampled, zero: await evaluate(run, { ...settings, initialNoise: "zero" }) };
  };

  say(`1. Demonstrations: ${data.toString()}`);
  say("2. Pre-training: improved MeanFlow learns to produce an action chunk in one network call");
  const description = MeanFlow.improved().withNetwork({ mlpDims });
  const pretraining = await description.pretrain(data, { seed, env, ...input.pretrain, ...stage("pretrain") });
  signal?.throwIfAborted();
  const before = await examine(pretraining);
  say(before.sampled.toString());
  say(`3. Fine-tuning: PPO in the simulator, ${env}`);
  const finetuning = await PPO.finetune(pretraining, { seed, env, ...input.finetune, ...stage("finetune") });
  signal?.throwIfAborted();
  const after = await examine(finetuning);
  say(after.sampled.toString());

  const seconds = (performance.now() - started) / 1000;
  const journey = {
    pretraining,
    finetuning,
    before,
    after,
    seconds,
    table: tableOf({ before, after }),
  };
  say("4. Report");
  return { ...journey, report: folder && (await writeJourney(folder, journey, { data, env, device })) };
}

type Measured = Omit<Journey, "report">;
const row = ({ results }: EvaluationReport, steps: number) =>
  results.find(({ denoisingSteps }) => denoisingSteps === steps)!;
const settings = [
  ["one step, sampled noise", "sampled", 1],
  ["five steps, sampled noise", "sampled", 5],
  ["one step, zero noise", "zero", 1],
] as const;
const returnsOf = (evaluations: Evaluations) =>
  settings.map(([, noise, steps]) => {
    const { mean, standardDeviation } = row(evaluations[noise], steps).statistics.return;
    return { mean, spread: standardDeviation };
  });

function tableOf({ before, after }: Pick<Measured, "before" | "after">): string {
  const [first, second] = [returnsOf(before), returnsOf(after)];
  const shown = ({ mean, spread }: { mean: number; spread: number }) => `${mean.toFixed(0)} ± ${spread.toFixed(0)}`;
  return comparisonTable(
    ["mean return of an episode", "pre-trained", "fine-tuned", "ratio"],
    settings.map(([name], i) => [
      name,
      shown(first[i]!),
      shown(second[i]!),
      `${(second[i]!.mean / first[i]!.mean).toFixed(2)}x`,
    ]),
  );
}

async function writeJourney(
  folder: string,
  journey: Measured,
  about: { data: Dataset; env: string; device?: string | null },
): Promise<string> {
  const { pretraining, finetuning, before, after, seconds } = journey;
  const { data, env, device } = about;
  const summary = (evaluations: Evaluations) => {
    const { statistics } = row(evaluations.sampled, 1);
    return {
      meanReturn: statistics.return.mean,
      stdReturn: statistics.return.standardDeviation,
      episodes: statistics.episodes,
    };
  };
  const numbers = {
    pretrained: summary(before),
    finetuned: summary(after),
    environmentSteps: finetuning.environmentSteps,
    seconds,
    device: device ?? "cpu",
    versions: versions(),
    evaluations: { before: rowsOf(before), after: rowsOf(after) },
  };
  await writeJson(join(folder, "result.json"), numbers);
  const { pretrained, finetuned } = numbers;
  const speed = row(after.sampled, 1).inference.seconds.mean;
  return writeReport(folder, {
    title: `One-step MeanFlow policy on ${env}`,
    summary: [
      `A policy of ${pretraining.policy.model.layout.size.toLocaleString("en")} parameters was pre-trained on ${data.steps.toLocaleString("en")} recorded transitions, then fine-tuned with PPO for ${finetuning.environmentSteps.toLocaleString("en")} environment steps. With one network call per action chunk its mean return went from ${pretrained.meanReturn.toFixed(0)} to ${finetuned.meanReturn.toFixed(0)}, in ${(seconds / 60).toFixed(1)} minutes.`,
    ],
    tables: [
      {
        title: "Before and after",
        columns: ["mean return ± deviation over episodes", "pre-trained", "fine-tuned"],
        rows: settings.map(([name], i) => {
          const [first, second] = [returnsOf(before)[i]!, returnsOf(after)[i]!];
          return [
            name,
            `${first.mean.toFixed(0)} ± ${first.spread.toFixed(0)}`,
            `${second.mean.toFixed(0)} ± ${second.spread.toFixed(0)}`,
          ];
        }),
      },
      {
        title: "Where the time went",
        columns: ["stage", "seconds"],
        rows: [
          ["pre-training", Math.round(pretraining.seconds)],
          ["fine-tuning", Math.round(finetuning.seconds)],
          ["evaluation and pictures", Math.round(seconds - pretraining.seconds - finetuning.seconds)],
        ],
      },
      {
        title: "Inference",
        columns: ["measure", "value"],
        rows: [["one call for all environments, one step", `${(1000 * speed).toFixed(2)} ms`]],
      },
    ],
    players: await playersOf(journey, env),
    figures: await figuresOf(journey, about),
    footer: Object.entries(numbers.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  });
}

async function playersOf({ pretraining, finetuning }: Measured, env: string): Promise<ReportPlayer[]> {
  const first = await rollout(pretraining.policy, { env, title: "pre-trained" });
  if (!first.scene) return [];
  const compareWith = await rollout(finetuning.policy, { env, title: "fine-tuned" });
  return [
    {
      title: "Before and after, from the same start",
      caption: "One episode of each policy. Drag to turn, click and scroll to zoom.",
      html: new Player(first, { compareWith }).html(),
    },
  ];
}

const rowsOf = ({ sampled, zero }: Evaluations) => ({ sampled: sampled.rows(), zero: zero.rows() });

async function figuresOf(
  { pretraining, finetuning, before, after }: Measured,
  { data, env }: { data: Dataset; env: string },
): Promise<ReportFigure[]> {
  const byNoise = (evaluations: Evaluations, name: string) =>
    (["sampled", "zero"] as const).map((noise) => ({
      name: `${name}, ${noise} noise`,
      results: evaluations[noise].chartResults(),
    }));
  const poses = await rolloutPoses(finetuning.policy, { env });
  const { loss } = pretraining.figures();
  const { return: learning } = finetuning.figures();
  return [
    {
      title: "Return before and after fine-tuning",
      caption:
        "Bars: mean over episodes, whiskers: standard deviation. Sampled and zero initial noise are two different policies.",
      figure: comparisonBars(
        settings.map(([name]) => name),
        [
          { name: "pre-trained", values: returnsOf(before) },
          { name: "fine-tuned", values: returnsOf(after) },
        ],
      ),
    },
    ...(learning
      ? [
          {
            title: "Fine-tuning",
            caption: "Evaluations act without exploration noise; training episodes with it.",
            figure: learning,
          },
        ]
      : []),
    ...(loss ? [{ title: "Pre-training", caption: "Mean MeanFlow loss of each epoch.", figure: loss }] : []),
    ...(poses.length > 1
      ? [
          {
            title: "How it hops",
            caption: "One episode of the fine-tuned policy, side view.",
            figure: rolloutStrip(poses),
          },
        ]
      : []),
    {
      title: "One step against few",
      caption: "Return over the number of denoising steps; band: standard deviation over episodes.",
      figure: denoisingChart("episodeReward", [...byNoise(before, "pre-trained"), ...byNoise(after, "fine-tuned")]),
    },
    {
      title: "Time of one call to the policy",
      caption: "For all environments at once, on the CPU with one thread.",
      figure: denoisingChart("inferenceDuration", [{ name: "fine-tuned", results: after.sampled.chartResults() }]),
    },
    {
      title: "Demonstrations and policy",
      caption: "Distribution of episode returns.",
      figure: histogram([
        { name: "demonstrations", values: data.episodes.map((episode) => episode.return) },
        { name: "fine-tuned policy", values: row(after.sampled, 1).episodes.map((episode) => episode.return) },
      ]),
    },
  ];
}
