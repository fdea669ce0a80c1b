// Makes sdk/dist/tensorflow.cjs of the parts of TensorFlow.js that engine/tensor.ts uses: ops, gradients, chained methods, the CPU
// backend. `@tensorflow/tfjs-core` for Node has no gradients, and the package that has all of them brings three times as much.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const sdk = fileURLToPath(new URL("../sdk", import.meta.url));

const parts = `
  // All copies of TensorFlow.js share one engine. Production mode silences complaints about what another one, such as
  // @tensorflow/tfjs-node, has registered already, and the advice to install a native backend.
  globalThis._tfengine?.ENV.set("PROD", true);
  const core = require("@tensorflow/tfjs-core");
  core.enableProdMode();
  require("@tensorflow/tfjs-core/dist/register_all_gradients");
  require("@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops");
  require("@tensorflow/tfjs-backend-cpu");
  module.exports = core;
`;

await build({
  stdin: { contents: parts, resolveDir: sdk },
  bundle: true,
  platform: "node",
  format: "cjs",
  mainFields: ["module", "main"],
  minify: true,
  keepNames: true, // classes are shown by name
  legalComments: "eof",
  logLevel: "warning",
  outfile: join(sdk, "dist/tensorflow.cjs"),
});
