// Many environments: equal results whatever the threads, and clear errors instead of hanging when a thread fails.
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { threadId } from "node:worker_threads";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { VectorEnv, type VectorEnvOptions } from "../../sdk/src/envs/vector-env.js";
import type { InputError } from "../../sdk/src/errors.js";
import { effects, scripted } from "./fixtures/scripted.js";

const open: VectorEnv[] = [];
afterEach(async () => {
  for (const vector of open.splice(0)) await vector.close();
});

async function create(options: Partial<VectorEnvOptions> = {}): Promise<VectorEnv> {
  const vector = await VectorEnv.create({
    env: "hopper-v2",
    count: 5,
    seed: 42,
    workers: 0,
    actionSteps: 4,
    condSteps: 1,
    ...options,
  });
  open.push(vector);
  return vector;
}

/** All outputs of 60 chunks of equal but lively actions, in which Hoppers fall. */
async function rollout(options: Partial<VectorEnvOptions>): Promise<number[][]> {
  const vector = await create(options);
  const size = vector.count * vector.actionSteps * vector.actionDimension;
  await vector.reset();
  const outputs = [[...vector.observations.state]];
  for (let chunk = 0; chunk < 60; chunk++) {
    await vector.step(Float32Array.from({ length: size }, (_, i) => Math.sin(0.7 * i + chunk)));
    const { observations, rewards, terminated, truncated, executedSteps, finalObservations } = vector;
    outputs.push([
      ...[...observations.state, ...rewards, ...terminated, ...truncated, ...executedSteps],
      ...finalObservations.state,
    ]);
  }
  return outputs;
}

describe("results", () => {
  test("do not depend on the number of workers", async () => {
    const expected = await rollout({ workers: 0, condSteps: 2, maxEpisodeSteps: 150 });
    expect(expected.flat().every(Number.isFinite)).toBe(true);
    for (const workers of [1, 9]) {
      expect(await rollout({ workers, condSteps: 2, maxEpisodeSteps: 150 }), `${workers} workers`).toEqual(expected);
    }
  });

  test("environments, seeds, names and episodes share no starts", async () => {
    const starts: string[] = [];
    for (const options of [{ seed: 10 }, { seed: 11 }, { seed: 10, streams: "training" }]) {
      const vector = await create({ count: 3, ...options });
      for (let reset = 0; reset < 2; reset++) {
        await vector.reset();
        for (let i = 0; i < 3; i++) starts.push(vector.observations.state.slice(11 * i, 11 * (i + 1)).join());
      }
    }
    expect(new Set(starts).size).toBe(18);
  });

  test.each([0, 1])("an episode is found again by its number (%d workers)", async (workers) => {
    const vector = await create({ env: scripted, count: 2, actionSteps: 1, workers });
    const drawn = () => [vector.observations.state[2], vector.observations.state[5]];
    expect([...vector.episodes]).toEqual([-1, -1]);
    await vector.reset();
    await vector.step(Float32Array.of(1, effects.end));
    expect([...vector.episodes]).toEqual([0, 1]);
    const seen = drawn();
    await vector.reset();
    expect([...vector.episodes]).toEqual([1, 2]);
    expect(drawn()).not.toEqual(seen);
    vector.episodes.set([-1, 0]);
    await vector.reset();
    expect(drawn()).toEqual(seen);
  });

  test("seeds may be given one by one", async () => {
    const vector = await create({ count: 2, seed: [30, 10], workers: 1 });
    const other = await create({ count: 1, seed: 10 });
    await vector.reset();
    await other.reset();
    expect([...vector.observations.state.slice(11)]).toEqual([...other.observations.state]);
  });

  test.each([0, 1])("single environments can be reset, with seeds or without (%d workers)", async (workers) => {
    const vector = await create({ env: scripted, workers, count: 3, actionSteps: 2, seed: 5 });
    const drawn = () => [2, 5, 8].map((i) => vector.observations.state[i]);
    const steps = () => [0, 3, 6].map((i) => vector.observations.state[i]);
    await vector.reset({ seeds: [5, 6, 7] });
    const first = drawn();
    await vector.step(new Float32Array(6));
    expect(steps()).toEqual([2, 2, 2]);
    await vector.reset({ environments: [2, 0], seeds: [5, 7] });
    expect(steps()).toEqual([0, 2, 0]);
    expect(drawn()).toEqual([first[2], first[1], first[0]]);
    await vector.reset({ environments: [1] });
    expect(steps()).toEqual([0, 0, 0]);
    expect(drawn()[1]).not.toBe(first[1]);
    await vector.reset({ seeds: [5, 6, 7] });
    expect(drawn()).toEqual(first);
  });

  test("arrays keep their identity and are not shared memory", async () => {
    const vector = await create({ env: scripted, workers: 1, count: 3, actionSteps: 2, condSteps: 2 });
    const { observations, rewards } = vector;
    await vector.reset();
    await vector.step(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(vector).toMatchObject({ workers: 1, observationDimension: 3, actionDimension: 1 });
    expect(vector.observations).toBe(observations);
    expect(observations.state).toHaveLength(3 * 2 * 3);
    expect([...rewards]).toEqual([3, 7, 11]);
    expect(observations.state.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test("an episode that ends in one environment leaves the others alone", async () => {
    const vector = await create({ env: scripted, workers: 1, count: 3, actionSteps: 2 });
    await vector.reset();
    await vector.step(Float32Array.of(1, 1, effects.end, 1, 1, 1));
    expect([...vector.terminated]).toEqual([0, 1, 0]);
    expect([...vector.executedSteps]).toEqual([2, 1, 2]);
    expect([...vector.observations.state].filter((_, i) => i % 3 === 0)).toEqual([2, 0, 2]);
    expect(vector.finalObservations.state[3]).toBe(1);
  });

  test.each([0, 1])("timers run while environments are stepped (%d workers)", async (workers) => {
    const vector = await create({ env: scripted, workers });
    await vector.reset();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const end = performance.now() + 300;
    while (performance.now() < end) await vector.step(new Float32Array(20));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });
});

describe("a worker that", () => {
  test.each([
    { effect: "fail", workers: 1, wrong: "worker thread 0 failed: Error: the script says so" },
    { effect: "exit", workers: 2, wrong: "its worker thread 0 ended with code 3" },
    { effect: "hang", workers: 1, wrong: "its worker thread 0 made no progress for 2 s" },
    { effect: "hoard", workers: 1, wrong: /^worker thread 0 failed: .*reaching memory limit/ },
  ])("should $effect is an error that names environment and action", async ({ effect, workers, wrong }) => {
    const limits = { patienceSeconds: 2, workerMemoryMiB: 48 };
    const vector = await create({ env: scripted, workers, count: 6, actionSteps: 2, ...limits });
    await vector.reset();
    const actions = new Float32Array(12);
    actions.set([0.5, effects[effect as keyof typeof effects]], 2);
    const error = (await vector.step(actions).catch((thrown: unknown) => thrown)) as InputError;
    expect(error).toMatchObject({ code: "DMPO_ENV_WORKER", problems: [{}] });
    const { path, wrong: found } = error.problems[0]!;
    expect(path).toBe("env scripted, number 1 of 6 (from 0)");
    const [what, action] = found.split("; last action ");
    expect(what).toMatch(wrong);
    expect(action).toBe(`[${effects[effect as keyof typeof effects]}]`);
    await expect(vector.reset()).rejects.toThrow("vector environment: it is closed");
  });

  test("gets on with one environment after the other is waited for", async () => {
    const vector = await create({ env: scripted, workers: 1, count: 40, actionSteps: 1, patienceSeconds: 0.5 });
    await vector.reset();
    // Together four times as long as one of them may take.
    await vector.step(Float32Array.from({ length: 40 }, (_, i) => (i < 20 ? effects.wait : 1)));
    expect([...vector.executedSteps]).toEqual(Array<number>(40).fill(1));
  });

  test.runIf(existsSync("/proc/self/task"))("hangs is ended with the vector, whatever it does", async () => {
    const threads = () => readdirSync("/proc/self/task").length;
    const vector = await create({ env: scripted, workers: 1, count: 2, actionSteps: 1, patienceSeconds: 0.5 });
    await vector.reset();
    const running = threads();
    await expect(vector.step(Float32Array.of(effects.hang, 0))).rejects.toThrow("no progress");
    await vi.waitFor(() => expect(threads()).toBeLessThan(running), 10_000);
  });

  test("cannot start is an error", async () => {
    vi.stubEnv("DMPO_TEST_ENGINE_THREAD", String(threadId));
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(create({ env: new URL("./fixtures/startless.ts", import.meta.url).href, workers: 1 })).rejects.toThrow(
      /number 0 of 5 \(from 0\): worker thread 0 failed: Error: no engine in a worker/,
    );
  });

  test("does not exist: the main thread's own failures name the environment, too", async () => {
    const vector = await create({ env: scripted, count: 3, actionSteps: 1 });
    await vector.reset();
    await expect(vector.step(Float32Array.of(0, 0, effects.fail))).rejects.toThrow(
      /number 2 of 3 \(from 0\): Error: the script says so; last action \[101\]/,
    );
  });
});

describe("the process", () => {
  test.concurrent.each(["close", "forget", "hang"])("exits by itself (%s)", async (ending) => {
    const program = fileURLToPath(new URL("./fixtures/process.ts", import.meta.url));
    const parameters = ["--import", "tsx", program, ending];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, parameters, { timeout: 40_000 });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/end of program\n$/);
    expect(/number 0 of 4 \(from 0\): its worker thread 0 made no progress/.test(stdout)).toBe(ending === "hang");
    // Linux can tell how many threads a process has: those of the workers must be gone.
    if (process.platform !== "linux" || ending === "forget") return;
    expect(Number(/threads left: (-?\d+)/.exec(stdout)?.[1])).toBeLessThanOrEqual(0);
  });
});

describe("wrong input", () => {
  test("all wrong options are named at once", async () => {
    const normalization = {
      observationMin: new Float32Array(4),
      observationMax: new Float32Array(11).fill(NaN),
      actionMin: new Float32Array(3),
      actionMax: new Float32Array(3),
    };
    const options = {
      count: 0,
      seed: 0.5,
      workers: -1,
      actionSteps: 1.5,
      maxEpisodeSteps: 0,
      patienceSeconds: 0,
      workerMemoryMiB: -1,
    };
    const error: unknown = await create({ ...options, normalization }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "DMPO_ENV_OPTIONS" });
    expect((error as { problems: { path: string }[] }).problems.map(({ path }) => path)).toEqual([
      "count",
      "seed",
      "workers",
      "actionSteps",
      "maxEpisodeSteps",
      "patienceSeconds",
      "workerMemoryMiB",
      "normalization.observationMin",
      "normalization.observationMax",
    ]);
  });

  test("unknown names name the nearest", async () => {
    await expect(create({ env: "hopper-medum-v2" })).rejects.toThrow('did you mean "hopper-medium-v2"?');
  });

  test("actions of the wrong size or not finite are refused, and the environment stays usable", async () => {
    const vector = await create({ count: 2 });
    await vector.reset();
    const actions = new Float32Array(24);
    await expect(vector.step(actions.subarray(1))).rejects.toThrow(
      "actions: 23 numbers\n  expected 24 of shape (2, 4, 3)",
    );
    actions[13] = NaN;
    await expect(vector.step(actions)).rejects.toThrow("actions[13]: NaN for environment 1");
    actions[13] = 0;
    await vector.step(actions);
  });

  test("resets of what does not exist are refused", async () => {
    const vector = await create({ env: scripted, count: 2 });
    await expect(vector.reset({ environments: [0] })).rejects.toThrow("it is never reset");
    await vector.reset();
    await expect(vector.reset({ environments: [2] })).rejects.toThrow(
      "environments: 2\n  expected integers from 0 to 1",
    );
    await expect(vector.reset({ seeds: [1] })).rejects.toThrow(
      "seeds: [1]\n  expected 2 integers, one per environment",
    );
  });

  test("calls out of order are refused", async () => {
    const vector = await create({ workers: 1 });
    const actions = new Float32Array(60);
    await expect(vector.step(actions)).rejects.toThrow(
      "it is never reset\n  expected one that is ready\n  await reset() first",
    );
    await vector.reset();
    const first = vector.step(actions);
    await expect(vector.step(actions)).rejects.toThrow("it is still at the last call");
    const closed = vector.close();
    await first;
    await closed;
    await vector.close();
    await expect(vector.step(actions)).rejects.toThrow("it is closed");
  });
});
