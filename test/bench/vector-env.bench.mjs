// Control steps per second of ten Hoppers, one action per call, beside Gymnasium's synchronous vector environment on one
// core and beside a bare loop of mj_step. Every figure is the median of runs in turns, each in a process of its own.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const seconds = 2;
const turns = 5;
const count = 10;
const peerName = 'Gymnasium make_vec("Hopper-v4", 10, "sync"), one core';

const canPin = run("taskset", ["-c", "0", "true"]).then(
  () => true,
  () => false,
);

const contestants = {
  raw: () => ourRate("raw", "0"),
  one: () => ourRate("0", "0"),
  two: () => ourRate("1", "0,1"),
  peer: () => rate("0", process.env.DMPO_BENCH_PYTHON ?? "python3", [here("./peers/hopper_gym.py"), String(seconds)]),
};

/** Rows { name, unit, ours, peer, peerName, ratio, threads }; without Gymnasium `peer` is null and `message` says so. */
export async function measure() {
  const rates = { raw: [], one: [], two: [], peer: [] };
  let message;
  for (let turn = 0; turn < turns; turn++) {
    for (const [name, contestant] of Object.entries(contestants)) {
      if (name === "peer" && message) continue;
      try {
        rates[name].push(await contestant());
      } catch (error) {
        if (name !== "peer") throw error;
        message = `needs Python with gymnasium[mujoco]; set DMPO_BENCH_PYTHON (${error.message.trim().split("\n").at(-1)})`;
      }
    }
  }
  const [raw, one, two] = [rates.raw, rates.one, rates.two].map(median);
  const peer = message ? null : median(rates.peer);
  const row = (name, ours, threads, peer, peerName) => ({
    name: `Hopper x ${count}, ${name}`,
    unit: "steps/s",
    ours: Math.round(ours),
    peer: peer && Math.round(peer),
    peerName,
    ratio: peer && ours / peer,
    threads,
    ...(peer === null && { message }),
  });
  return [
    row("one core", one, 1, peer, peerName),
    row("two cores", two, 2, peer, peerName),
    row("one core", one, 1, raw, "bare loop of mj_step, one core"),
  ];
}

function ourRate(kind, cores) {
  return rate(cores, process.execPath, [fileURLToPath(import.meta.url), kind]);
}

/** Runs a program that prints { rate }, on certain cores where `taskset` exists. */
async function rate(cores, program, parameters) {
  const { stdout } = (await canPin)
    ? await run("taskset", ["-c", cores, program, ...parameters])
    : await run(program, parameters);
  return JSON.parse(stdout.trim().split("\n").at(-1)).rate;
}

function here(path) {
  return fileURLToPath(new URL(path, import.meta.url));
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function randomActions() {
  return Array.from({ length: 64 }, () => Float32Array.from({ length: 3 * count }, () => 2 * Math.random() - 1));
}

async function vectorRate(workers) {
  const { VectorEnv } = await import("../../sdk/dist/envs/vector-env.js");
  const vector = await VectorEnv.create({ env: "hopper-v2", count, seed: 0, workers, actionSteps: 1, condSteps: 1 });
  const actions = randomActions();
  await vector.reset();
  let calls = 0;
  const run = async (until) => {
    while (performance.now() < until) await vector.step(actions[calls++ % 64]);
  };
  await run(performance.now() + 300 * seconds);
  calls = 0;
  const start = performance.now();
  await run(start + 1000 * seconds);
  const result = (1000 * calls * count) / (performance.now() - start);
  await vector.close();
  return result;
}

/** The least a Hopper can cost in this engine: controls in, four engine steps, observation out, reset when it fell. */
async function rawRate() {
  const { default: loadMujoco } = await import("mujoco-js");
  const { hopperModel } = await import("../../sdk/dist/envs/locomotion/hopper.js");
  const mujoco = await loadMujoco();
  mujoco.FS.writeFile("/hopper.xml", hopperModel("legacy"));
  const model = mujoco.MjModel.loadFromXML("/hopper.xml");
  const data = new mujoco.MjData(model);
  const { qpos, qvel, ctrl } = data;
  const actions = randomActions();
  const observation = new Float64Array(11);
  let steps = 0;
  const run = (until) => {
    while (performance.now() < until) {
      const action = actions[steps % 64];
      for (let i = 0; i < 3; i++) ctrl[i] = action[i];
      for (let i = 0; i < 4; i++) mujoco.mj_step(model, data);
      for (let i = 0; i < 5; i++) observation[i] = qpos[i + 1];
      for (let i = 0; i < 6; i++) observation[5 + i] = qvel[i];
      if (qpos[1] < 0.7 || Math.abs(qpos[2]) > 0.2) {
        mujoco.mj_resetData(model, data);
        mujoco.mj_forward(model, data);
      }
      steps++;
    }
  };
  run(performance.now() + 300 * seconds);
  steps = 0;
  const start = performance.now();
  run(start + 1000 * seconds);
  const result = (1000 * steps) / (performance.now() - start);
  data.delete();
  model.delete();
  return result;
}

// Run with an argument this file is one contestant; without, it prints the rows.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind] = process.argv.slice(2);
  if (kind === undefined) console.table(await measure());
  else console.log(JSON.stringify({ rate: kind === "raw" ? await rawRate() : await vectorRate(Number(kind)) }));
}
