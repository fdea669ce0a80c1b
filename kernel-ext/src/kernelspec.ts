// The entry that Jupyter keeps of this kernel: how to start it and how to interrupt it.
import { fileURLToPath } from "node:url";

/** Name under which the kernel appears in Jupyter. */
export const kernelName = "dmpo";

/** Content of `kernel.json`. */
export interface Kernelspec {
  argv: string[];
  display_name: string;
  language: string;
  interrupt_mode: "message";
  env: Record<string, string>;
  metadata: Record<string, unknown>;
}

/** The kernelspec of this installation: it names this Node and this launcher by absolute paths. */
export function kernelspec(): Kernelspec {
  return {
    argv: [
      process.execPath,
      fileURLToPath(new URL("./launcher.js", import.meta.url)),
      "--config-path",
      "{connection_file}",
    ],
    display_name: "DMPO (TypeScript)",
    language: "typescript",
    // A signal would reach JavaScript only once the running cell yields; a message reaches a thread of its own.
    interrupt_mode: "message",
    // glibc's arena per thread keeps tens of megabytes that a long session never returns.
    env: { MALLOC_ARENA_MAX: "1" },
    metadata: { debugger: false },
  };
}
