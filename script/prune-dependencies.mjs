// Removes from node_modules what no program here loads: libraries of other systems, builds for browsers, source maps.
// Two thirds of what npm installs. Plain Node, no dependencies.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Per package, files and folders (paths with `/`) that go; `system` and `architecture` are those of this machine. */
const superfluous = {
  "onnxruntime-node": (path, { system, architecture }) =>
    /^bin\/napi-v\d+\/[^/]+(\/[^/]+)?$/.test(path) && !matches(path, system, architecture),
  "onnxruntime-web": (path) =>
    /^dist\/ort/.test(path) && !/^dist\/ort(\.node\.|-wasm-simd-threaded\.(mjs|wasm)$)/.test(path),
  "@tensorflow/tfjs-core": otherBuild,
  "@tensorflow/tfjs-backend-cpu": otherBuild,
  // The player is made of these.
  three: (path) =>
    /^(build|examples|src)(\/|$)/.test(path) &&
    !/^(build(\/three\.(core|module)\.js)?|examples(\/jsm(\/controls(\/OrbitControls\.js)?)?)?)$/.test(path),
  // AssemblyScript calls the library, not these programs.
  binaryen: (path) => /^bin\//.test(path),
  zeromq: (path, { system }) => /^build\/(darwin|linux|win32)$/.test(path) && path !== `build/${system}`,
  // The kernel puts stock TypeScript in the place of this one, whose main file has to be found for that; lint wants its types.
  "@tslab/typescript-for-tslab": (path) => /^lib\/./.test(path) && !/^lib\/typescript\.(js|d\.ts)$/.test(path),
};

/** Builds for browsers, and tests; our bundle is made of the modules. */
function otherBuild(path) {
  return /^dist\/(miniprogram$|tf[\w-]*(\.fesm|\.es2017)?(\.min)?\.js(\.html)?$|.*_test\.(js|d\.ts)$)/.test(path);
}

/** Whether `bin/napi-v6/linux/x64`, or the folder above it, is of this machine. */
function matches(path, system, architecture) {
  const [, , ofSystem, ofArchitecture = architecture] = path.split("/");
  return ofSystem === system && ofArchitecture === architecture;
}

export function pruneDependencies(nodeModules, machine = { system: process.platform, architecture: process.arch }) {
  for (const [name, goes] of Object.entries(superfluous)) {
    const folder = join(nodeModules, name);
    if (!existsSync(folder)) continue;
    for (const path of entries(folder))
      if (goes(path, machine)) rmSync(join(folder, path), { recursive: true, force: true });
  }
  for (const path of entries(nodeModules))
    if (/\.[cm]?js\.map$/.test(path)) rmSync(join(nodeModules, path), { force: true });
}

/** Paths below a folder; the contents of a folder come after it and may be gone with it. */
function entries(folder) {
  return readdirSync(folder, { recursive: true })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => existsSync(join(folder, path)));
}
