// `import { display } from "tslab"`, as notebooks written for plain tslab have it, goes on working.
import Module, { createRequire } from "node:module";
import { join } from "node:path";
import { checkedBundle, type MimeBundle } from "../display/mime-bundle.js";
import type { Output } from "./output.js";

interface DisplayContent {
  readonly data: MimeBundle;
}

/** Puts a stand-in under tslab's connection to its own kernel, and under its compiler, which nobody needs here. */
export function connectTslabDisplay(output: Output, kernelFolder: string): void {
  const own = createRequire(join(kernelFolder, "package.json"));
  const tslab = createRequire(own.resolve("tslab/package.json"));
  const standIn = (specifier: string, exports: object) => {
    const path = tslab.resolve(specifier);
    const module = new Module(path);
    Object.assign(module, { filename: path, loaded: true, exports });
    own.cache[path] = module;
  };
  standIn("./dist/jupyter.js", {
    __esModule: true,
    lastWriteDisplayData: (content: DisplayContent, update: boolean) =>
      output.publish(update ? "update_display_data" : "display_data", {
        ...content,
        data: checkedBundle(content.data),
      }),
  });
  standIn("@tslab/typescript-for-tslab", { __esModule: true, version: "5.9" });
}
