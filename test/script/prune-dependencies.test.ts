// What is removed from node_modules, and that what is loaded stays: in a tree of empty files.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { pruneDependencies } from "../../script/prune-dependencies.mjs";

const kept = [
  "onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node",
  "onnxruntime-web/dist/ort.node.min.mjs",
  "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs",
  "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
  "@tensorflow/tfjs-core/dist/tf-core.node.js",
  "@tensorflow/tfjs-core/dist/ops/add.js",
  "zeromq/build/linux/x64/addon.node",
  "@tslab/typescript-for-tslab/lib/typescript.js",
  "@tslab/typescript-for-tslab/lib/typescript.d.ts",
  "binaryen/index.js",
  "three/package.json",
  "three/LICENSE",
  "three/build/three.core.js",
  "three/build/three.module.js",
  "three/examples/jsm/controls/OrbitControls.js",
  "other/lib/index.js",
];
const removed = [
  "onnxruntime-node/bin/napi-v6/linux/arm64/onnxruntime_binding.node",
  "onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll",
  "onnxruntime-node/bin/napi-v6/darwin/arm64/libonnxruntime.dylib",
  "onnxruntime-web/dist/ort-wasm-simd-threaded.jsep.wasm",
  "onnxruntime-web/dist/ort.all.min.js",
  "@tensorflow/tfjs-core/dist/tf-core.js",
  "@tensorflow/tfjs-backend-cpu/dist/tf-backend-cpu.es2017.min.js",
  "@tensorflow/tfjs-core/dist/ops/add_test.js",
  "@tensorflow/tfjs-core/dist/tf-core.fesm.min.js",
  "zeromq/build/win32/x64/addon.node",
  "@tslab/typescript-for-tslab/lib/tsserver.js",
  "@tslab/typescript-for-tslab/lib/lib.dom.d.ts",
  "binaryen/bin/wasm-opt",
  "three/build/three.webgpu.js",
  "three/src/Three.js",
  "three/examples/fonts/optimer.typeface.json",
  "three/examples/jsm/controls/FlyControls.js",
  "three/examples/jsm/loaders/GLTFLoader.js",
  "other/lib/index.js.map",
];

test("libraries of other systems, builds for browsers and source maps go; the rest stays", () => {
  const folder = mkdtempSync(join(tmpdir(), "dmpo-prune-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const path of [...kept, ...removed]) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), "");
  }
  pruneDependencies(folder, { system: "linux", architecture: "x64" });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) =>
    join(parentPath, name)
      .slice(folder.length + 1)
      .replaceAll("\\", "/"),
  );
  expect(paths.sort()).toEqual([...kept].sort());
});
