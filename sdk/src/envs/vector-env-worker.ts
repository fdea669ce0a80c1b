// A worker thread of the vector environment: owns some of the simulations and steps them when shared memory says so.
import { workerData } from "node:worker_threads";
import type { MultiStep } from "./multi-step.js";
import {
  command,
  createMember,
  currentOf,
  execute,
  idle,
  sleepWhile,
  slot,
  type Command,
  type WorkerTask,
} from "./vector-env-protocol.js";

const { worker, first, end, control, ...task } = workerData as WorkerTask;

function announce(index: number): void {
  Atomics.store(control, currentOf(worker), index);
}

/** The last worker to finish wakes the main thread. */
function finish(): void {
  Atomics.store(control, currentOf(worker), idle);
  if (Atomics.sub(control, slot.busy, 1) === 1) Atomics.notify(control, slot.busy);
}

const members: MultiStep[] = [];
for (let index = first; index < end; index++) {
  announce(index);
  members.push(await createMember(task, index));
}
finish();

let what: Command;
let generation = 0;
do {
  while (Atomics.load(control, slot.generation) === generation) {
    sleepWhile(control, slot.generation, generation, Infinity);
  }
  generation++;
  what = Atomics.load(control, slot.command) as Command;
  execute(members, first, what, task.resets, announce);
  finish();
} while (what !== command.close);
