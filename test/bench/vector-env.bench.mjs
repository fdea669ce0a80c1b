// Control steps per second of ten robots of each kind, one action per call: on one core beside Gymnasium's vector
// environments and beside a bare loop of mj_step, on two cores beside one and beside Gymnasium. The contestants take turns,
// each in a process of its own, except that the bare loop alternates with ours in one process; figures are medians over
// short windows of time.
//   node test/bench/vector-env.bench.mjs [ROBOT ...]     only these, e.g. ant; DMPO_BENCH_SECONDS: per contestant, default 2
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const seconds = Number(process.env.DMPO_BENCH_SECONDS ?? 2);
const windowMilliseconds = 20;
const warmCalls = 200;
const count = 10;
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
  const one = [];
  const bare = [];
  const two = [];
  const peers = [
    { mode: "sync", cores: 1, rates: [] },
    { mode: "async", cores: 1, rates: [] },
    { mode: "async", cores: 2, rates: [] },
  ];
  let message;
  for (let round = 0; round < rounds; round++) {
    const alone = await contestant(1, process.execPath, [thisFile, "--contestant", name, "0"]);
    one.push(alone.rate);
    bare.push(alone.bare);
    two.push((await contestant(2, process.execPath, [thisFile, "--contestant", name, "1"])).rate);
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
  const ours = { 1: median(one), 2: median(two) };
  const row = (threads, peer, peerName, missing) => ({
    name: `${name} x ${count}`,
    unit: "steps/s",
    ours: Math.round(ours[threads]),
    peer: peer && Math.round(peer),
    peerName,
    ratio: peer && ours[threads] / peer,
    threads,
    ...(missing && { message: missing }),
  });
  const gymnasiumRow = (threads, { mode, cores, rates }) =>
    row(threads, message ? null : median(rates), `Gymnasium ${gymnasium} ${mode}, ${coreCount(cores)}`, message);
  const [sync, asyncOne, asyncTwo] = peers;
  return [
    row(1, median(bare), "bare loop of mj_step, one core"),
    gymnasiumRow(1, sync),
    gymnasiumRow(1, asyncOne),
    row(2, ours[1], "ours, one core"),
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

/** Our rate, and without workers that of the bare loop, in alternating windows of time. */
async function ourRates(name, workers) {
  const { VectorEnv } = await import("../../sdk/dist/envs/vector-env.js");
  const { env, limit } = robots[name];
  const vector = await VectorEnv.create({ env, count, seed: 0, workers, actionSteps: 1, condSteps: 1 });
  await vector.reset();
  const size = vector.actionDimension;
  const bareLoop = workers === 0 ? await createBareLoop(name, size) : undefined;
  const actions = Array.from({ length: 64 }, () =>
    Float32Array.from({ length: size * count }, () => limit * (2 * Math.random() - 1)),
  );
  const [ours, bare] = [[], []];
  const start = performance.now();
  // V8 compiles the engine's hot functions anew in the background: neither too short a time nor too few calls warm up.
  let calls = 0;
  let warmSince = Infinity;
  while (performance.now() - warmSince < 1000 * seconds) {
    const warm = calls > warmCalls && performance.now() - start > 300 * seconds;
    if (warm) warmSince = Math.min(warmSince, performance.now());
    const rate = await windowRate(() => vector.step(actions[calls++ % 64]));
    const bareRate = bareLoop && (await windowRate((turn) => bareLoop(actions[turn % 64])));
    if (!warm) continue;
    ours.push(rate);
    bare.push(bareRate);
  }
  await vector.close();
  return { rate: median(ours), bare: median(bare) };
}

async function windowRate(call) {
  const start = performance.now();
  let calls = 0;
  while (performance.now() - start < windowMilliseconds) await call(calls++);
  return (1000 * calls * count) / (performance.now() - start);
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
  };
}

// With --contestant this file is one contestant; without, it prints the rows.
if (process.argv[1] === thisFile) {
  const [first, name, workers] = process.argv.slice(2);
  if (first === "--contestant") console.log(JSON.stringify(await ourRates(name, Number(workers))));
  else console.table(await measure({}, process.argv.length > 2 ? process.argv.slice(2) : undefined));
}
