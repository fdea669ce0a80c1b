// Control steps per second of ten robots of each kind, one action per call: on one core beside Gymnasium's vector
// environments and beside a bare loop of mj_step, on two cores beside one and beside Gymnasium. Gymnasium's take turns
// with ours, each in a process of its own, and the best of all rounds counts; what needs no Python alternates with ours in one
// process, in short windows of time. Rates are medians over such windows.
//   node test/bench/vector-env.bench.mjs [ROBOT ...]     only these, e.g. ant; DMPO_BENCH_SECONDS: per contestant, default 2
import { execFile } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const run = promisify(execFile);
const seconds = Number(process.env.DMPO_BENCH_SECONDS ?? 2);
const windowMilliseconds = 20;
const warmCalls = 200;
/** Robots, and the chunks in which the second comparison of two cores with one gives actions, as PPO's rollouts do. */
const count = 10;
const rollout = { count: 40, actionSteps: 4 };
const python = process.env.DMPO_BENCH_PYTHON ?? "python3";
const thisFile = fileURLToPath(import.meta.url);
const peerFile = fileURLToPath(new URL("./peers/vector_env.py", import.meta.url));

/** Where the bare loop takes its model, how far actions and initial states are spread, and when the robot is reset. */
const robots = {
  hopper: {
    env: "hopper-v2",
    gymnasium: "Hopper-v4",
    model: ["hopper", "hopperModel"],
    frameSkip: 4,
    limit: 1,
    spread: 0.005,
    fallen: (qpos) => qpos[1] < 0.7 || Math.abs(qpos[2]) > 0.2,
  },
  walker2d: {
    env: "walker2d-v2",
    gymnasium: "Walker2d-v4",
    model: ["walker2d", "walker2dModel"],
    frameSkip: 4,
    limit: 1,
    spread: 0.005,
    fallen: (qpos) => qpos[1] < 0.8 || qpos[1] > 2 || Math.abs(qpos[2]) > 1,
  },
  halfcheetah: {
    env: "halfcheetah-v2",
    gymnasium: "HalfCheetah-v4",
    model: ["half-cheetah", "halfCheetahModel"],
    frameSkip: 5,
    limit: 1,
    spread: 0.1,
    fallen: () => false,
  },
  ant: {
    env: "ant-v2",
    gymnasium: "Ant-v4",
    model: ["ant", "antModel"],
    frameSkip: 5,
    limit: 1,
    spread: 0.1,
    fallen: (qpos) => qpos[2] < 0.2 || qpos[2] > 1,
  },
  humanoid: {
    env: "humanoid-v3",
    gymnasium: "Humanoid-v4",
    model: ["humanoid", "humanoidModel"],
    frameSkip: 5,
    limit: 0.4,
    spread: 0.01,
    fallen: (qpos) => qpos[2] < 1 || qpos[2] > 2,
    observed: ["qpos", "qvel", "cinert", "cvel", "qfrc_actuator"],
  },
};

/** Rows { name, unit, ours, peer, peerName, ratio, threads }; without Gymnasium `peer` is null and `message` says so. */
export async function measure({ rounds = 3 } = {}, names = Object.keys(robots)) {
  const rows = [];
  for (const name of names) rows.push(...(await rowsOf(name, rounds)));
  return rows;
}

async function rowsOf(name, rounds) {
  const { gymnasium, limit } = robots[name];
  const alone = [];
  const pairs = [];
  const rollouts = [];
  const peers = [
    { mode: "sync", cores: 1, rates: [] },
    { mode: "async", cores: 1, rates: [] },
    { mode: "async", cores: 2, rates: [] },
  ];
  let message;
  for (let round = 0; round < rounds; round++) {
    alone.push(await contestant(1, process.execPath, [thisFile, "--contestant", name, "0"]));
    pairs.push(await contestant(2, process.execPath, [thisFile, "--contestant", name, "1"]));
    rollouts.push(await contestant(2, process.execPath, [thisFile, "--contestant", name, "1", "rollout"]));
    for (const { mode, cores, rates } of message ? [] : peers) {
      try {
        const task = [gymnasium, count, mode, limit, seconds, windowMilliseconds / 1000].map(String);
        rates.push((await contestant(cores, python, [peerFile, ...task])).rate);
      } catch (error) {
        const reason = (error.stderr || error.message).trim().split("\n").at(-1);
        message = `needs Python with gymnasium[mujoco]; set DMPO_BENCH_PYTHON (${reason})`;
        break;
      }
    }
  }
  const best = (runs) => runs.reduce((most, run) => (run.rate > most.rate ? run : most));
  const row = (threads, runs, peer, peerName, { ratio, message: missing, ...changes } = {}) => ({
    name: `${name} x ${count}`,
    unit: "steps/s",
    ours: Math.round(best(runs).rate),
    peer: peer && Math.round(peer),
    peerName,
    ratio: ratio ?? (peer && best(runs).rate / peer),
    threads,
    ...(missing && { message: missing }),
    ...changes,
  });
  const alternating = (threads, runs, key, peerName, changes) => {
    const ratio = median(runs.map((measured) => measured[key].ratio));
    return row(threads, runs, best(runs)[key].rate, peerName, { ratio, ...changes });
  };
  const gymnasiumRow = (threads, { mode, cores, rates }) => {
    const peerName = `Gymnasium ${gymnasium} ${mode}, ${coreCount(cores)}`;
    return row(threads, threads === 1 ? alone : pairs, message ? null : Math.max(...rates), peerName, { message });
  };
  const [sync, asyncOne, asyncTwo] = peers;
  return [
    alternating(1, alone, "bare", "bare loop of mj_step, one core"),
    gymnasiumRow(1, sync),
    gymnasiumRow(1, asyncOne),
    alternating(2, pairs, "alone", "ours, one core"),
    alternating(2, pairs, "bare", "a bare loop on each core"),
    alternating(2, rollouts, "alone", "ours, one core", {
      name: `${name} x ${rollout.count}, chunks of ${rollout.actionSteps}`,
    }),
    gymnasiumRow(2, sync),
    gymnasiumRow(2, asyncTwo),
  ];
}

const coreCount = (cores) => (cores === 1 ? "one core" : "two cores");

const canPin = run("taskset", ["-c", "0", "true"]).then(
  () => true,
  () => false,
);

/** What a program prints as JSON in its last line; runs on the first `cores` cores where `taskset` exists. */
async function contestant(cores, program, parameters) {
  const pinned = (await canPin) ? ["taskset", "-c", `0-${cores - 1}`, program] : [program];
  // Who is not done by then hangs.
  const timeout = 1000 * (60 + 10 * seconds);
  const { stdout } = await run(pinned[0], [...pinned.slice(1), ...parameters], { timeout });
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/**
 * Our rate, and what alternates with it in windows of time: without workers the bare loop, with them ours without, and a bare
 * loop on each core. For each its rate, and the median of the ratios window by window: a machine that others use is not
 * equally fast at all times.
 */
async function ourRates(name, workers, shape) {
  const vector = await createVector(name, workers, shape);
  const size = vector.actionDimension * vector.actionSteps * vector.count;
  const actions = Array.from({ length: 64 }, () =>
    Float32Array.from({ length: size }, () => robots[name].limit * (2 * Math.random() - 1)),
  );
  const alone = workers > 0 && (await createVector(name, 0, shape));
  const bareLoop = shape ? undefined : await createBareLoop(name, vector.actionDimension);
  const bareWindow = () => windowRate((turn) => bareLoop(actions[turn % 64]));
  const neighbour = alone && bareLoop && (await startNeighbour(name, actions));
  const others = {
    ...(alone && { alone: () => windowRate((turn) => stepOf(alone, actions[turn % 64])) }),
    ...(bareLoop && { bare: neighbour ? () => neighbour.beside(bareWindow) : bareWindow }),
  };
  const rates = [];
  const start = performance.now();
  // V8 compiles the engine's hot functions anew in the background: neither too short a time nor too few calls warm up.
  let calls = 0;
  let warmSince = Infinity;
  while (performance.now() - warmSince < 1000 * seconds) {
    const warm = calls > warmCalls && performance.now() - start > 300 * seconds;
    if (warm) warmSince = Math.min(warmSince, performance.now());
    const measured = { ours: await windowRate(() => stepOf(vector, actions[calls++ % 64])) };
    for (const [key, window] of Object.entries(others)) measured[key] = await window();
    if (warm) rates.push(measured);
  }
  await Promise.all([vector.close(), alone?.close?.(), neighbour?.close?.()]);
  const against = (key) => ({
    rate: median(rates.map((measured) => measured[key])),
    ratio: median(rates.map((measured) => measured.ours / measured[key])),
  });
  return {
    rate: median(rates.map(({ ours }) => ours)),
    ...Object.fromEntries(Object.keys(others).map((key) => [key, against(key)])),
  };
}

async function createVector(name, workers, shape = { count, actionSteps: 1 }) {
  const { VectorEnv } = await import("../../sdk/dist/envs/vector-env.js");
  const vector = await VectorEnv.create({ env: robots[name].env, ...shape, seed: 0, workers, condSteps: 1 });
  await vector.reset();
  return vector;
}

/** One chunk; resolves with the control steps that were executed. */
async function stepOf(vector, actions) {
  await vector.step(actions);
  return vector.executedSteps.reduce((sum, steps) => sum + steps, 0);
}

/** Words in shared memory: whether the neighbour is to run, and how many calls it has made. */
const [running, done] = [0, 1];

/** A thread with a bare loop of its own, which shows what a second core is worth on this machine. */
async function startNeighbour(name, actions) {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const thread = new Worker(thisFile, { workerData: { name, actions, words } });
  await once(thread, "message");
  return {
    async beside(window) {
      const before = Atomics.load(words, done);
      const start = performance.now();
      Atomics.store(words, running, 1);
      Atomics.notify(words, running);
      const rate = await window();
      Atomics.store(words, running, 0);
      return rate + (1000 * count * (Atomics.load(words, done) - before)) / (performance.now() - start);
    },
    close: () => thread.terminate(),
  };
}

async function beNeighbour({ name, actions, words }) {
  const bareLoop = await createBareLoop(name, actions[0].length / count);
  parentPort.postMessage("ready");
  for (;;) {
    Atomics.wait(words, running, 0);
    bareLoop(actions[Atomics.add(words, done, 1) % 64]);
  }
}

/** Steps per second; `call` gives the number of steps it made. */
async function windowRate(call) {
  const start = performance.now();
  let [calls, steps] = [0, 0];
  while (performance.now() - start < windowMilliseconds) steps += await call(calls++);
  return (1000 * steps) / (performance.now() - start);
}

/** The least that the robots can cost in this engine: controls in, engine steps, observation out, resets as in ours. */
async function createBareLoop(name, actionSize) {
  const { default: loadMujoco } = await import("mujoco-js");
  const { model: source, frameSkip, spread, fallen, observed = ["qpos", "qvel"] } = robots[name];
  const { [source[1]]: modelText } = await import(`../../sdk/dist/envs/locomotion/${source[0]}.js`);
  const mujoco = await loadMujoco();
  mujoco.FS.writeFile("/robot.xml", modelText("legacy"));
  const model = mujoco.MjModel.loadFromXML("/robot.xml");
  const states = Array.from({ length: count }, () => new mujoco.MjData(model));
  // Views die when memory grows, so they are taken when all states have theirs.
  const members = states.map((data) => ({
    data,
    ctrl: data.ctrl,
    qpos: data.qpos,
    qvel: data.qvel,
    parts: observed.map((part) => data[part]),
    steps: 0,
  }));
  const observation = new Float64Array(members[0].parts.reduce((sum, part) => sum + part.length, 0));
  const reset = (member) => {
    mujoco.mj_resetData(model, member.data);
    for (const values of [member.qpos, member.qvel]) {
      for (let i = 0; i < values.length; i++) values[i] += spread * (2 * Math.random() - 1);
    }
    mujoco.mj_forward(model, member.data);
    member.steps = 0;
  };
  members.forEach(reset);
  return (actions) => {
    members.forEach((member, index) => {
      const { data, ctrl, qpos, parts } = member;
      for (let i = 0; i < actionSize; i++) ctrl[i] = actions[index * actionSize + i];
      for (let i = 0; i < frameSkip; i++) mujoco.mj_step(model, data);
      let at = 0;
      for (const part of parts) {
        observation.set(part, at);
        at += part.length;
      }
      if (fallen(qpos) || ++member.steps === 1000) reset(member);
    });
    return count;
  };
}

// With --contestant this file is one contestant; without, it prints the rows.
if (!isMainThread && workerData?.words) await beNeighbour(workerData);
else if (process.argv[1] === thisFile) {
  const [first, name, workers, shape] = process.argv.slice(2);
  if (first === "--contestant") console.log(JSON.stringify(await ourRates(name, Number(workers), shape && rollout)));
  else console.table(await measure({}, process.argv.length > 2 ? process.argv.slice(2) : undefined));
}
