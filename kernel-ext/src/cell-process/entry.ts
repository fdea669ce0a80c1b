// Entry of the process in which cells run; the kernel process starts it (wire/cell-process.ts).
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { Activity } from "../runtime/activity.js";
import type * as Runtime from "../runtime/main.js";
import { createSuspension } from "../runtime/suspension.js";
import { loadInOwnRealm } from "./realm.js";

const { memory } = new Activity();
const link = new Worker(new URL("./link.js", import.meta.url), {
  workerData: memory,
  resourceLimits: { maxYoungGenerationSizeMb: 4 },
});
link.once("exit", () => process.exit(1));

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url)).replace(/[\\/]$/, "");
const { start } = loadInOwnRealm(folder("../realm/runtime/main.js")) as typeof Runtime;
const take = start({ memory, kernelFolder: folder("../../"), createSuspension });
link.on("message", take);
