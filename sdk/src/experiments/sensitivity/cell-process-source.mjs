// Starts the program where the sources run uncompiled: Node 20 reads TypeScript only with a loader.
import { register } from "tsx/esm/api";

register();
await import("./cell-process.ts");
