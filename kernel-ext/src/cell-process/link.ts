// Entry of the link thread of the cells' process: takes the kernel process's messages while a cell blocks the main thread,
// runs the stop button, and ends the process when the kernel process is gone.
import { Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { descriptors, type Stuck, type ToCells, type ToCellsMain } from "../channel.js";
import { encodeFrame, FrameReader } from "../frames.js";
import { Activity } from "../runtime/activity.js";
import { endGroup } from "../wire/process-group.js";
import { Interrupter } from "./interrupter.js";

const port = parentPort!;
const pipe = new Socket({ fd: descriptors.link, readable: true, writable: true });
const tellMain = (message: ToCellsMain) => port.postMessage(JSON.stringify(message));
const interrupter = new Interrupter(new Activity(workerData as SharedArrayBuffer), tellMain, (request) =>
  pipe.write(encodeFrame({ kind: "stuck", request } satisfies Stuck)),
);
const frames = new FrameReader();

pipe.on("data", (chunk) => {
  for (const message of frames.read(chunk) as Generator<ToCells>) {
    if (message.kind === "interrupt") interrupter.request(message);
    else {
      interrupter.beforeNextCell();
      tellMain(message);
    }
  }
});

// Nobody could reach this process any more, least of all one whose main thread is in an endless loop.
function end(): void {
  endGroup(process.pid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
}
pipe.on("close", end);
pipe.on("error", end);
process.on("uncaughtException", end);
