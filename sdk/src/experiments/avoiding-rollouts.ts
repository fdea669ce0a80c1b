// How a policy solves the avoiding task: paths of the tool, the ways they take, and how evenly it uses them.
// Mode entropy as in D3IL (Jia et al. 2024): of the shares of the 24 ways, to base 24.
import { z } from "zod";
import { finishLine, ModeFlags, obstacles } from "../envs/d3il/avoiding.js";
import { tablePaths, type TablePath } from "../figures/charts/table-paths.js";
import type { Figure } from "../figures/figure.js";
import { checkOptions, count, optionsSchema, wholeNumber } from "../options.js";
import { watchEpisode } from "./play.js";
import { policyOf, type PolicySource } from "./policy-source.js";

/** How the avoiding task is played. */
export interface AvoidingOptions {
  /** Name of the task's environment. Default "avoiding". */
  readonly env?: string;
  /** Number of rollouts. Default 20. Episode i draws its noise from seed + i; the task itself always starts the same. */
  readonly episodes?: number;
  /** Of the first episode's noise. Default 0. */
  readonly seed?: number;
  /** Network calls per chunk, at least 1. Default 1. */
  readonly denoisingSteps?: number;
}

const ways = 24;
const schema = optionsSchema<AvoidingOptions>({
  env: z.string(),
  episodes: count,
  seed: wholeNumber,
  denoisingSteps: count,
});

/**
 * Plays the avoiding task until the tool crosses the line or 100 steps are over.
 * @throws InputError if policy and environment do not fit.
 */
export async function avoidingRollouts(source: PolicySource, options: AvoidingOptions = {}): Promise<AvoidingRollouts> {
  checkOptions(schema, options);
  const policy = await policyOf(source);
  const { env = "avoiding", episodes = 20, seed = 0, denoisingSteps = 1 } = options;
  const paths: TablePath[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    const [x, y]: [number[], number[]] = [[], []];
    const modes = new ModeFlags();
    let touchedAt: number | undefined;
    const watched = { env, seed: seed + episode, maxSteps: 100, denoisingSteps };
    await watchEpisode(policy, watched, (_, { steps, observation, reward }) => {
      const [, , toolX, toolY] = observation as unknown as [number, number, number, number];
      x.push(toolX);
      y.push(toolY);
      modes.visit(toolX, toolY);
      if (reward < 0) touchedAt ??= steps - 1;
      return toolY > finishLine;
    });
    paths.push({ mode: modes.list().join("-") || "none", x, y, crossAt: touchedAt });
  }
  return new AvoidingRollouts(paths);
}

/** Rollouts of the avoiding task, and how many of its 24 ways they take; shows itself in notebooks. */
export class AvoidingRollouts {
  constructor(
    /** Positions of the tool (m) after every step; `crossAt` where it first touched an obstacle or left the middle. */
    readonly paths: readonly TablePath[],
  ) {}

  /** Share of rollouts that crossed the finish line, y = 0.35 m; in [0, 1]. */
  get successRate(): number {
    return this.#arrived.length / this.paths.length;
  }

  /** Share of rollouts that reached it without touching an obstacle or leaving the table's middle. */
  get cleanRate(): number {
    return this.#arrived.filter(({ crossAt }) => crossAt === undefined).length / this.paths.length;
  }

  /** Rollouts that arrived, by the way they took: flags as in D3IL, e.g. "1-2-5". */
  get modes(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { mode } of this.#arrived) counts[mode] = (counts[mode] ?? 0) + 1;
    return counts;
  }

  /** Entropy of the ways of those that arrived, to base 24: 0 is always the same way, 1 all 24 equally often. */
  get modeEntropy(): number {
    return Object.values(this.modes)
      .map((count) => count / this.#arrived.length)
      .reduce((sum, share) => sum - (share * Math.log(share)) / Math.log(ways), 0);
  }

  get #arrived(): readonly TablePath[] {
    return this.paths.filter(({ y }) => y.at(-1)! > finishLine);
  }

  /** All paths over the table; a cross marks where one first touched an obstacle. */
  figure(): Figure {
    return tablePaths(this.paths, {
      title: "Rollouts by their way round the obstacles",
      subtitle: this.toString(),
      obstacles: obstacles.map(({ x, y }, i) => ({ x, y, radius: i === 0 ? 0.03 : 0.025 })),
      finishLine,
    });
  }

  toString(): string {
    const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
    const arrived = `${percent(this.successRate)} reach the goal, ${percent(this.cleanRate)} without touching anything`;
    const taken = Object.keys(this.modes).length;
    return `${this.paths.length} rollouts: ${arrived}; ${taken} ways, mode entropy ${this.modeEntropy.toFixed(2)}`;
  }

  /** What Jupyter shows. */
  [Symbol.for("Jupyter.display")](): unknown {
    const shown = this.figure() as unknown as Record<symbol, () => unknown>;
    return shown[Symbol.for("Jupyter.display")]!();
  }
}
