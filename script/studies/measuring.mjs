// What studies share: what policies begin with, trained once and kept; processor time; returns of fresh episodes; how tables write them.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figures, loadPolicy, play } from "../../sdk/dist/bundle/index.js";

/** Exploration of PPO that is wider than its presets have, for policies other than one step of MeanFlow. */
export const wideExploration = { maxStd: 0.5, finalMaxStd: 0.2, schedule: "linear" };

/** Seconds of processor that this program has used; those of the wall say nothing where others work beside it. */
export function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Tells the processor seconds of a run that keeps its files in a folder, with those that it took before it was resumed. */
function processorClock(folder) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "processor-seconds.json");
  const [earlier, began] = [existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : 0, processorSeconds()];
  return () => {
    const seconds = earlier + processorSeconds() - began;
    writeFileSync(file, JSON.stringify(seconds));
    return seconds;
  };
}

/** A policy trained as `description()` says, with the processor seconds that took; of a run that is there already those of then. */
export async function trained(name, description, data, input, { folder, ...control }) {
  const place = join(folder, name);
  const { seconds, kept } = keptRun(place, name);
  // What is written last tells a finished run from one that was interrupted, which goes on.
  if (!existsSync(join(place, "result.json"))) await description().pretrain(data, { ...input, ...control, ...kept });
  const pretrainSeconds = seconds();
  return { policy: await loadPolicy(join(place, "checkpoint/last.safetensors")), pretrainSeconds };
}

/** Statistics of a hundred fresh episodes with sampled noise, unless `settings` says otherwise; the same ones for every policy. */
export async function freshEpisodes(policy, settings, { threads, workers }) {
  const drawn = { environments: 50, episodes: 100, initialNoise: "sampled", seed: 9000 };
  return (await play(policy, { ...drawn, ...settings }, { threads, workers })).statistics;
}

/** Mean and deviation of their returns, and the share of successes where the task has them. */
export async function returns(policy, settings, control) {
  const statistics = await freshEpisodes(policy, settings, control);
  const { mean, standardDeviation } = statistics.return;
  return {
    ...{ episodes: statistics.episodes, mean: round(mean, 2), deviation: round(standardDeviation, 2) },
    ...(statistics.successRate && { success: round(statistics.successRate.mean, 4) }),
  };
}

/** Receives the records of a run and says on standard error what its evaluations return. */
export const tellEvaluations = (label) => (record) => {
  const value = record["eval/avg episode reward"];
  if (value !== undefined) console.error(`${label}: ${record.step} steps, return ${Math.round(value)}`);
};

/**
 * Fine-tunes with an algorithm; evaluations are rows of environment steps, mean, deviation (of success, where there is any: its
 * share), and the processor seconds that collecting and learning have taken by then, without those of evaluations.
 */
export async function curveOf(algorithm, base, input, { threads, workers }, label) {
  let [learning, last] = [0, processorSeconds()];
  const times = [];
  const onProgress = (record) => {
    const now = processorSeconds();
    const value = record["eval/avg episode reward"];
    if (value === undefined) learning += now - last;
    else {
      times.push(learning);
      console.error(`${label}: ${record.step} steps, ${learning.toFixed(0)} s, return ${value.toFixed(1)}`);
    }
    last = now;
  };
  const run = await algorithm.finetune(base, { ...input, threads, workers, folder: null, onProgress });
  const curve = evaluationsOf(run).map(({ environmentSteps, episodes }, i) => ({
    ...{ environmentSteps, seconds: round(times[i], 1) },
    ...{ mean: round(episodes.return.mean, 2), deviation: round(episodes.return.standardDeviation, 2) },
    ...(episodes.successRate && { success: round(episodes.successRate.mean, 4) }),
  }));
  return { run, row: { environmentSteps: run.environmentSteps, learningSeconds: round(learning, 1), curve } };
}

/** Of a run that keeps its files in a folder, tells its evaluations and goes on where it stopped: what it is given, and its processor seconds. */
export function keptRun(folder, label) {
  const last = join(folder, "checkpoint/last.safetensors");
  const seconds = processorClock(folder);
  const tell = tellEvaluations(label);
  const onProgress = (record) => (tell(record), seconds());
  return { seconds, kept: { folder, ...(existsSync(last) && { resumePath: last }), onProgress } };
}

export const evaluationsOf = ({ curve }) => curve.filter(({ mode }) => mode === "evaluation");

/** Environment steps and mean return of a run's evaluations. */
export const evaluationCurve = (run) =>
  evaluationsOf(run).map(({ environmentSteps, episodes }) => [environmentSteps, Math.round(episodes.return.mean)]);

export const round = (value, digits) => Number(value.toFixed(digits));
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
export const whole = (value) => Math.round(value).toLocaleString("en-US");
export const percent = (share) => `${Math.round(100 * share)} %`;

/** A difference and half of its interval, where there is one. @param shown writes a number. */
export const difference = ({ mean, halfWidth }, shown) =>
  `${mean > 0 ? "+" : ""}${shown(mean)}${halfWidth === undefined ? "" : ` ± ${shown(halfWidth)}`}`;

/** Mean ± deviation, each the mean over the runs. */
export const spread = (runs) =>
  `${whole(mean(runs.map((run) => run.mean)))} ± ${whole(mean(runs.map((run) => run.deviation)))}`;

/** Curves of points [x, y], one for each seed, as a series: their mean, with a band where there are several, at the points of the first. */
export function overSeeds(name, curves) {
  if (curves.length === 1) return { name, x: curves[0].map(([at]) => at), y: curves[0].map(([, value]) => value) };
  const end = Math.min(...curves.map((curve) => curve.at(-1)[0]));
  const x = curves[0].map(([at]) => Math.min(at, end));
  const values = curves.map((curve) => x.map((at) => valueAt(curve, at)));
  return figures.meanOverSeeds(name, x, values);
}

/** Value of a curve of points [x, y] at `at`, on the line between its neighbours; before the first point that one's. */
function valueAt(curve, at) {
  const after = curve.findIndex(([x]) => x >= at);
  if (after <= 0) return curve[0][1];
  const [[x0, y0], [x1, y1]] = [curve[after - 1], curve[after]];
  return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
}

/** A table in Markdown. */
export function table(head, rows) {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** The cases whose labels contain one of `only`; without it all. */
export const named = (cases, only) => cases.filter(([label]) => !only || only.some((part) => label.includes(part)));

/** As file names have it. */
export const slug = (label) =>
  label
    .toLowerCase()
    .replace(/[^\w.]+/g, "-")
    .replace(/-$/, "");

/** Folder of the recordings of the avoiding task, which belong to others: as notebook 20 has it. */
export const avoidingDemonstrations = () => process.env.DMPO_D3IL_DEMONSTRATIONS ?? "data/d3il/demonstrations";
