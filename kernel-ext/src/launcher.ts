// Entry of the kernel process, as the kernelspec starts it: node launcher.js --config-path CONNECTION_FILE
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { errorText } from "./error-report.js";
import { Handler } from "./handler.js";
import { Compiler } from "./language/compiler.js";
import { installStackMapping } from "./language/stack-frames.js";
import { memoryKeeper } from "./memory.js";
import { installNotebookApi } from "./notebook-api.js";
import { Output } from "./output.js";
import { connectTslabDisplay } from "./tslab-display.js";
import { Executor } from "./runtime/executor.js";
import { currentRun, KeyboardInterrupt } from "./runtime/run.js";
import { installTimers } from "./runtime/timers.js";
import { Activity } from "./wire/activity.js";
import { endGroup } from "./wire/process-group.js";
import type { Connection, ToKernel, ToWire, WireSettings } from "./wire/channel.js";

const connectionFile = process.argv[process.argv.indexOf("--config-path") + 1];
if (!process.argv.includes("--config-path") || connectionFile === undefined) {
  console.error("usage: node launcher.js --config-path CONNECTION_FILE (Jupyter starts it so)");
  process.exit(2);
}

const activity = new Activity();
const { version } = createRequire(import.meta.url)("typescript/package.json") as { version: string };
const settings: WireSettings = {
  connection: JSON.parse(readFileSync(connectionFile, "utf8")) as Connection,
  activity: activity.memory,
  typescriptVersion: version,
};
const wire = new Worker(new URL("./wire/thread.js", import.meta.url), {
  workerData: settings,
  resourceLimits: { maxYoungGenerationSizeMb: 4 },
});
const send = (message: ToWire) => wire.postMessage(message);
wire.once("exit", () => process.exit(1));

const output = new Output(send);
const reportLate = (error: unknown) => {
  if (error instanceof KeyboardInterrupt || currentRun()?.isStopped) return;
  output.write("stderr", `Uncaught ${errorText(error)}\n`);
};

// The notebook's folder first; then this package's, from where the SDK and Node's types are found.
const roots = [process.cwd(), fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "")];
const compiler = new Compiler(roots);
const executor = new Executor(roots, compiler, activity);
const handler = new Handler({ executor, compiler, activity, output, send, onFinished: memoryKeeper() });

installStackMapping();
installNotebookApi(output);
connectTslabDisplay(output);
installTimers(reportLate);
output.capture();
process.on("uncaughtException", reportLate);
process.on("unhandledRejection", reportLate);
process.on("SIGINT", () => send({ kind: "interrupt" }));
// Node's own listener would announce in every notebook that require() loads ES modules, an experiment in Node 20.
process.removeAllListeners("warning");
process.on("warning", ({ name, message }) => {
  if (name !== "ExperimentalWarning") output.write("stderr", `${name}: ${message}\n`);
});

wire.on("message", (message: ToKernel) => {
  switch (message.kind) {
    case "request":
      return handler.onRequest(message.request);
    case "interrupt":
      return handler.onInterrupt(message.at);
    case "shutdown":
      // The process must not end under open sockets: their library would abort it.
      return send({ kind: "close" });
    case "closed":
      process.removeAllListeners("SIGTERM").on("SIGTERM", () => undefined);
      endGroup("SIGTERM");
      return process.exit(0);
  }
});
