// Entry of the wire thread: the server, the stop button and the watch over the parent process.
import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { Activity } from "./activity.js";
import type { ToKernel, ToWire, WireSettings } from "./channel.js";
import { Interrupter } from "./interrupter.js";
import { watchParent } from "./parent-watch.js";
import { endGroup } from "./process-group.js";
import { Server } from "./server.js";

/** Milliseconds that the main thread gets to end the process; a blocked one never does. */
const exitPatience = 500;

const { connection, activity, typescriptVersion } = workerData as WireSettings;
const port = parentPort!;
const tellKernel = (message: ToKernel) => port.postMessage(message);
const interrupter = new Interrupter(new Activity(activity), (at) => tellKernel({ kind: "interrupt", at }));
const server = new Server({
  connection,
  typescriptVersion,
  tellKernel,
  interrupt: () => interrupter.request(),
  exit,
});

function exit(): void {
  tellKernel({ kind: "shutdown" });
  setTimeout(() => {
    endGroup("SIGKILL");
    process.kill(process.pid, "SIGKILL");
  }, exitPatience);
}

// A kernel that nobody can reach any more must not live on, least of all one whose main thread is in an endless loop.
process.on("uncaughtException", (error) => {
  writeSync(2, `dmpo-kernel: ${error.stack}\n`);
  process.kill(process.pid, "SIGKILL");
});

port.on("message", (message: ToWire) => {
  if (message.kind === "interrupt") interrupter.request();
  else if (message.kind === "close") {
    server.close();
    tellKernel({ kind: "closed" });
  } else server.onReport(message);
});
watchParent(exit);
await server.start();
