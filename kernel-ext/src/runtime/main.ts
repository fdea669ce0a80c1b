// The part of the cells' process that runs in a realm of its own: everything but the cells.
import { writevSync } from "node:fs";
import process from "node:process";
import { serialize } from "node:v8";
import { join } from "node:path";
import { descriptors, type FromCells, type ToCellsMain } from "../channel.js";
import { Activity } from "./activity.js";
import { protectCallbackStack } from "./callback-stack.js";
import { Cells } from "./cells.js";
import { errorText } from "./error-report.js";
import { Executor } from "./executor.js";
import { memoryKeeper } from "./memory.js";
import { installNotebookApi } from "./notebook-api.js";
import { Output } from "./output.js";
import { currentRun, enterRun, KeyboardInterrupt } from "./run.js";
import { installStackMapping } from "./stack-frames.js";
import type { createSuspension } from "./suspension.js";
import { installTimers } from "./timers.js";
import { connectTslabDisplay } from "./tslab-display.js";

interface Surroundings {
  /** Shared with the link thread, see {@link Activity}. */
  readonly memory: SharedArrayBuffer;
  /** The folder of this package. */
  readonly kernelFolder: string;
  /** From the cells' own realm. */
  readonly createSuspension: typeof createSuspension;
}

/** Makes the process ready for cells; returns what takes the messages, {@link ToCellsMain} as JSON text. */
export function start({ memory, kernelFolder, createSuspension }: Surroundings): (json: string) => void {
  const activity = new Activity(memory);
  const send = (message: FromCells) => activity.uninterrupted(() => write(serialize(message)));
  const output = new Output(send);
  const suspension = createSuspension(currentRun, enterRun);
  // The notebook's folder first; then this package's, from where the SDK and Node's types are found.
  const executor = new Executor([process.cwd(), kernelFolder], activity, suspension);
  const cells = new Cells({ executor, activity, output, send, onFinished: memoryKeeper() });

  const reportLate = (error: unknown) => {
    if (error instanceof KeyboardInterrupt || currentRun()?.isStopped) return;
    output.write("stderr", `Uncaught ${errorText(error)}\n`);
  };
  installStackMapping(join(kernelFolder, "dist"));
  installNotebookApi(output);
  connectTslabDisplay(output, kernelFolder);
  installTimers(reportLate);
  output.capture();
  protectCallbackStack();
  process.on("uncaughtException", reportLate);
  process.on("unhandledRejection", reportLate);
  // Node's own listener would announce in every notebook that require() loads ES modules, an experiment in Node 20.
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => {
    if (name !== "ExperimentalWarning") output.write("stderr", `${name}: ${message}\n`);
  });

  return (json) => {
    const message = JSON.parse(json) as ToCellsMain;
    switch (message.kind) {
      case "run":
        return cells.run(message);
      case "interrupt":
        return cells.interrupt(message.request, message.at);
      case "ping":
        return activity.answer(message.ping);
    }
  };
}

const exit: (code: number) => never = process.exit.bind(process);

/** One message on the pipe, which blocks where the kernel process does not keep up: nothing is lost if the process dies. */
function write(body: Uint8Array): void {
  const head = new DataView(new ArrayBuffer(4));
  head.setUint32(0, body.length, true);
  let parts: Uint8Array[] = [new Uint8Array(head.buffer), body];
  while (parts.length > 0) {
    let written = attempt(parts);
    parts = parts.flatMap((part) => {
      const done = Math.min(part.length, written);
      written -= done;
      return done < part.length ? [part.subarray(done)] : [];
    });
  }
}

/** A process that cannot report any more, because a cell has closed the pipe, would leave its notebook waiting. */
function attempt(parts: readonly Uint8Array[]): number {
  try {
    return writevSync(descriptors.reports, parts);
  } catch {
    return exit(1);
  }
}
