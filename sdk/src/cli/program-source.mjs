// Starts the command where the sources run uncompiled: Node 20 reads TypeScript only with a loader.
import { register } from "tsx/esm/api";

register();
const { run } = await import("./main.ts");
process.exitCode ||= await run(process.argv.slice(2));
