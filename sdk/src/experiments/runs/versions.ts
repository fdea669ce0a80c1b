// What a result was computed with.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const versionOf = (path: string) => (require(path) as { version: string }).version;

/** Versions of this package, Node and the libraries that decide the numbers. */
export function versions(): Record<string, string> {
  return {
    dmpo: versionOf("../../../package.json"),
    node: process.versions.node,
    "onnxruntime-node": versionOf("onnxruntime-node/package.json"),
    "mujoco-js": versionOf("mujoco-js/package.json"),
    platform: `${process.platform}-${process.arch}`,
  };
}
