// Makes sdk/dist/bundle/ of what tsc compiled: the package's entries in a few files, as reading four hundred takes longer than
// running them. Each part keeps its own `import.meta`; zod goes along without the translations of its messages. And
// sdk/dist/player.js, the 3-D player as pages of notebooks and reports contain it, with the parts of three.js that it uses.
import { rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const sdk = fileURLToPath(new URL("../sdk", import.meta.url));
const compiled = join(sdk, "dist");
const bundle = join(compiled, "bundle");
const { dependencies, peerDependencies } = createRequire(import.meta.url)(join(sdk, "package.json"));
const external = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => name !== "zod");

const ownPlace = {
  name: "own place",
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      if (!path.startsWith(compiled)) return undefined;
      const text = await readFile(path, "utf8");
      if (!text.includes("import.meta")) return undefined;
      const place = relative(bundle, path).split(sep).join("/");
      const url = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
      return { contents: text.replaceAll("import.meta.url", url), loader: "js" };
    });
  },
};

const englishOnly = {
  name: "English only",
  setup({ onResolve }) {
    onResolve({ filter: /locales\/index\.js$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace("index.js", "en.js")),
    }));
  },
};

rmSync(bundle, { recursive: true, force: true });
await build({
  entryPoints: {
    index: join(compiled, "index.js"),
    engine: join(compiled, "engine-index.js"),
    cli: join(compiled, "cli/main.js"),
  },
  absWorkingDir: sdk,
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  external: [...external, "#tensorflow"],
  plugins: [ownPlace, englishOnly],
  keepNames: true, // classes are shown by name
  sourcemap: true,
  logLevel: "warning",
  outdir: bundle,
});

await build({
  entryPoints: [join(sdk, "src/figures/player/browser/main.ts")],
  absWorkingDir: sdk,
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "dmpoPlayer",
  target: ["chrome111", "firefox113", "safari16.4"],
  legalComments: "inline",
  logLevel: "warning",
  outfile: join(compiled, "player.js"),
});
