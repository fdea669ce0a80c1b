// Control steps per second of ten Hoppers, one action per call, beside Gymnasium's synchronous vector environment on one
// core and beside a bare loop of mj_step. The contestants take turns, each in a process of its own, except that the bare
// loop alternates with ours in one process; figures are medians over short windows.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const seconds = 2;
const windowMilliseconds = 20;
const turns = 5;
const count = 10;
const python = process.env.DMPO_BENCH_PYTHON ?? "python3";
const peerName = 'Gymnasium make_vec("Hopper-v4", 10, "sync"), one core';
const thisFile = fileURLToPath(import.meta.url);
const peerFile = fileURLToPath(new URL("./peers/hopper_gym.py", import.meta.url));

/** Rows { name, unit, ours, peer, peerName, ratio, threads }; without Gymnasium `peer` is null and `message` says so. */
export async function measure() {
  const [one, raw, two, peer] = [[], [], [], []];
  let message;
  for (let turn = 0; turn < turns; turn++) {
    const { rate, bare } = await contestant("0", process.execPath, [thisFile, "0"]);
    one.push(rate);
    raw.push(bare);
    two.push((await contestant("0,1", process.execPath, [thisFile, "1"])).rate);
    if (message) continue;
    try {
      peer.push((await contestant("0", python, [peerFile, String(seconds), String(windowMilliseconds / 1000)])).rate);
    } catch (error) {
      const reason = error.message.trim().split("\n").at(-1);
      message = `needs Python with gymnasium[mujoco]; set DMPO_BENCH_PYTHON (${reason})`;
    }
  }
  const gymnasium = message ? null : median(peer);
  return [
    row("one core", median(one), 1, gymnasium, peerName, message),
    row("two cores", median(two), 2, gymnasium, peerName, message),
    row("one core", median(one), 1, median(raw), "bare loop of mj_step, one core"),
  ];
}

function row(name, ours, threads, peer, peerName, message) {
  return {
    name: `Hopper x ${count}, ${name}`,
    unit: "steps/s",
    ours: Math.round(ours),
    peer: peer && Math.round(peer),
    peerName,
    ratio: peer && ours / peer,
    threads,
    ...(message && { message }),
  };
}

const canPin = run("taskset", ["-c", "0", "true"]).then(
  () => true,
  () => false,
);

/** What a program prints as JSON in its last line; runs on certain cores where `taskset` exists. */
async function contestant(cores, program, parameters) {
  const { stdout } = (await canPin)
    ? await run("taskset", ["-c", cores, program, ...parameters])
    : await run(program, parameters);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Our rate, and without workers that of the bare loop, in alternating windows of time. */
async function ourRates(workers) {
  const { VectorEnv } = await import("../../sdk/dist/envs/vector-env.js");
  const vector = await VectorEnv.create({ env: "hopper-v2", count, seed: 0, workers, actionSteps: 1, condSteps: 1 });
  await vector.reset();
  const bareLoop = workers === 0 ? await createBareLoop() : undefined;
  const actions = Array.from({ length: 64 }, () =>
    Float32Array.from({ length: 3 * count }, () => 2 * Math.random() - 1),
  );
  const [ours, bare] = [[], []];
  const start = performance.now();
  while (performance.now() - start < 1300 * seconds) {
    const warm = performance.now() - start > 300 * seconds;
    const rate = await windowRate((turn) => vector.step(actions[turn % 64]));
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

/** The least a Hopper can cost in this engine: controls in, four engine steps, observation out, reset when it fell. */
async function createBareLoop() {
  const { default: loadMujoco } = await import("mujoco-js");
  const { hopperModel } = await import("../../sdk/dist/envs/locomotion/hopper.js");
  const mujoco = await loadMujoco();
  mujoco.FS.writeFile("/hopper.xml", hopperModel("legacy"));
  const model = mujoco.MjModel.loadFromXML("/hopper.xml");
  const data = new mujoco.MjData(model);
  const { qpos, qvel, ctrl } = data;
  const observation = new Float64Array(11);
  return (actions) => {
    for (let from = 0; from < actions.length; from += 3) {
      for (let i = 0; i < 3; i++) ctrl[i] = actions[from + i];
      for (let i = 0; i < 4; i++) mujoco.mj_step(model, data);
      for (let i = 0; i < 5; i++) observation[i] = qpos[i + 1];
      for (let i = 0; i < 6; i++) observation[5 + i] = qvel[i];
      if (qpos[1] < 0.7 || Math.abs(qpos[2]) > 0.2) {
        mujoco.mj_resetData(model, data);
        mujoco.mj_forward(model, data);
      }
    }
  };
}

// Run with a number of workers this file is one contestant; without, it prints the rows.
if (process.argv[1] === thisFile) {
  const [workers] = process.argv.slice(2);
  if (workers === undefined) console.table(await measure());
  else console.log(JSON.stringify(await ourRates(Number(workers))));
}
