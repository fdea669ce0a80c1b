// Starts the worker where the sources run uncompiled: Node 20 ignores `--import tsx` for the first module of a worker.
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
