// Where environments stand is stored and found again: episodes in progress, what they have earned, and the random numbers to come.
import { afterEach, expect, test } from "vitest";
import { VectorEnv, type VectorEnvOptions } from "../../sdk/src/envs/vector-env.js";
import { Arena, EpisodeNumbers } from "../../sdk/src/learning/arena.js";
import type { PartState } from "../../sdk/src/learning/parts.js";
import { effects, scripted } from "../envs/fixtures/scripted.js";

const open: VectorEnv[] = [];
afterEach(async () => void (await Promise.all(open.splice(0).map((vector) => vector.close()))));

async function arena(options: Partial<VectorEnvOptions> = {}): Promise<Arena> {
  const given = { env: scripted, count: 3, seed: 7, workers: 0, actionSteps: 2, condSteps: 2, ...options };
  const vector = await VectorEnv.create(given);
  open.push(vector);
  return new Arena(vector, { actionSteps: vector.actionSteps });
}

/** What is observed; of the scripted environment without the number of resets, which no episode depends on. */
function seen({ environments }: Pick<Arena, "environments">): number[] {
  const isCount = (i: number) => environments.space.state[1] === 3 && i % 3 === 1;
  return [...environments.observations.state].filter((_, i) => !isCount(i));
}

/** As a checkpoint has it. */
const stored = ({ values, vectors }: PartState): PartState => ({
  values: JSON.parse(JSON.stringify(values)) as unknown,
  vectors: vectors && { ...vectors },
});

/** Actions of step t: those of hopper move it, in the scripted environment the second ends its episode after three steps. */
const chunk = (t: number, length: number) => Float32Array.from({ length }, (_, i) => Math.sin(t + 0.7 * i));

test("hopper goes on in the middle of its episodes, bit for bit, time limits among them", async () => {
  const options = { env: "hopper-v2", actionSteps: 4, maxEpisodeSteps: 30 };
  const whole = await arena(options);
  await whole.begin();
  for (let t = 0; t < 11; t++) await whole.step(chunk(t, 36));
  const state = stored(whole.state());
  const resumed = await arena(options);
  resumed.restore(state);
  expect(stored(resumed.state())).toEqual(state);
  expect(await resumed.begin()).toBe(false);
  expect(seen(resumed)).toEqual(seen(whole));
  expect(stored(resumed.state())).toEqual(state);
  let ended = 0;
  for (let t = 11; t < 40; t++) {
    const [expected, found] = [await whole.step(chunk(t, 36)), await resumed.step(chunk(t, 36))];
    expect(found).toEqual(expected);
    expect(seen(resumed)).toEqual(seen(whole));
    ended += expected.length;
  }
  expect(ended).toBeGreaterThan(6);
});

test("environments that began at different times arrive together", async () => {
  const whole = await arena();
  await whole.begin();
  await whole.step(Float32Array.of(1, 2, 3, 4, 5, 6));
  await whole.step(Float32Array.of(1, 1, effects.end, 0, 2, 2));
  await whole.step(Float32Array.of(1, 1, 1, 1, effects.end, 0));
  const resumed = await arena();
  resumed.restore(stored(whole.state()));
  await resumed.begin();
  expect(seen(resumed)).toEqual(seen(whole));
  expect([...resumed.environments.episodes!]).toEqual([0, 1, 1]);
  const last = Float32Array.of(effects.end, 0, effects.end, 0, effects.end, 0);
  expect(await resumed.step(last)).toEqual(await whole.step(last));
  expect(resumed.environmentSteps).toBe(3);
});

test("where no episode is in progress, or all are to begin anew, the next ones begin", async () => {
  const whole = await arena();
  await whole.begin();
  await whole.step(new Float32Array(6).fill(1));
  whole.interrupt();
  const [idle, running] = [await arena(), await arena()];
  idle.restore(stored(whole.state()));
  expect(await whole.begin()).toBe(true);
  expect(await idle.begin()).toBe(true);
  expect(seen(idle)).toEqual(seen(whole));
  running.restore(stored(idle.state()));
  expect(await running.begin(true)).toBe(true);
  await whole.begin(true);
  expect(seen(running)).toEqual(seen(whole));
});

test("another number of environments begins new episodes; a place that contradicts itself is refused", async () => {
  const whole = await arena();
  await whole.begin();
  await whole.step(new Float32Array(6).fill(1));
  const { values, vectors } = stored(whole.state());
  const other = await arena({ count: 2 });
  other.restore({ values, vectors });
  expect(await other.begin()).toBe(true);
  const damage =
    (more: object, actions: unknown = vectors!.actions) =>
    () =>
      other.restore({ values: { ...(values as object), ...more }, vectors: { actions: actions as Float32Array } });
  expect(damage({ episodes: [0, 0], chunks: [1] })).toThrow(
    "the place of the environments: has lists of other lengths",
  );
  expect(damage({ episodes: [0, 0], chunks: [1, 5], tracker: { steps: 1, firstSteps: [0, 0] } })).toThrow(
    "has another number of actions",
  );
  expect(damage({ chunks: ["1"] })).toThrow("has another form");
  expect(damage({}, new Uint8Array(3))).toThrow("has another form");
});

test("environments of which whole episodes are played go on with the next", async () => {
  const [{ environments: whole }, { environments: resumed }] = [await arena(), await arena()];
  await whole.reset();
  new EpisodeNumbers(resumed).restore(stored(new EpisodeNumbers(whole).state()));
  await whole.reset();
  await resumed.reset();
  expect(seen({ environments: resumed })).toEqual(seen({ environments: whole }));
});
