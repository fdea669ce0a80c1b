// `import { display } from "tslab"`, as notebooks written for plain tslab have it, goes on working.
import { createRequire } from "node:module";
import type { Output } from "./output.js";

export function connectTslabDisplay(output: Output): void {
  const tslab = createRequire(import.meta.url)("tslab/dist/jupyter.js") as {
    lastWriteDisplayData: (content: unknown, update: boolean) => void;
  };
  tslab.lastWriteDisplayData = (content, update) =>
    output.publish(update ? "update_display_data" : "display_data", content);
}
