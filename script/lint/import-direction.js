// Lint rule: imports between the rooms of sdk/src run downwards only, and each foreign engine has one door.
// cli -> config -> experiments -> {pretrain, rl} -> learning -> evaluation -> {policies, envs, data} -> nn -> engine; the side rooms import no other.
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("../..", import.meta.url));

/** What the package exports; they may import everything. */
const entries = new Set(["index", "engine-index"]);

/** Files that every room may import. */
const leaves = new Set([
  ...[
    "canvas",
    "errors",
    "files",
    "foreign-file",
    "half-precision",
    "html",
    "normalization",
    "option-help",
    "options",
    "paths",
    "plain-text",
    "protobuf",
    "schema-issues",
    "space",
    "system-errors",
    "zip-archive",
  ],
]);

const side = ["figures", "tracking", "checkpoints", "hub"];
const training = ["policies", "envs", "data", "nn", "engine", ...side];

/** What each room may import besides itself and the leaves. `engine/random` names a single file: data and envs know no tensors;
 * so do the readers of Python's pickles, which data files contain too. Data sets are recorded in environments. */
export const rooms = {
  engine: [],
  nn: ["engine"],
  data: [
    ...["engine/random", "hub", "checkpoints/pickle", "checkpoints/plain-pickle", "checkpoints/numpy-pickle"],
    ...["envs/dimension-names", "envs/environment", "envs/make-environment", "envs/registry", "envs/episode-starts"],
    ...["envs/demonstrator", "envs/demonstrations", "envs/assets/assets"],
  ],
  envs: ["engine/random", "hub"],
  policies: ["nn", "engine"],
  evaluation: training,
  learning: ["evaluation", ...training],
  pretrain: ["learning", "evaluation", ...training],
  rl: ["learning", "evaluation", ...training],
  experiments: ["pretrain", "rl", "learning", "evaluation", ...training],
  display: ["experiments", "rl", "pretrain", "learning", "evaluation", ...training],
  config: ["experiments", "pretrain", "rl", "learning", "evaluation", ...training],
  // The doctor tries the engines themselves.
  cli: ["config", "experiments", "data", "envs", "engine", "figures", "checkpoints", "tracking"],
  figures: [],
  tracking: ["checkpoints/pickle", "checkpoints/plain-pickle", "checkpoints/numpy-pickle"],
  checkpoints: [],
  hub: [],
};

/** Packages that only these files import, so that each can be replaced in one place. */
export const doors = [
  { packages: /^(@tensorflow\/tfjs(-core)?|#tensorflow)(\/|$)/, files: /^engine\/tensor$/, shown: "engine/tensor.ts" },
  { packages: /^onnxruntime-/, files: /^engine\/executors\//, shown: "engine/executors/*" },
  { packages: /^mujoco-js(\/|$)/, files: /^envs\/simulator$/, shown: "envs/simulator.ts" },
  { packages: /^arquero(\/|$)/, files: /^figures\/data-table$/, shown: "figures/data-table.ts" },
  { packages: /^meshoptimizer(\/|$)/, files: /^envs\/render\/simplify$/, shown: "envs/render/simplify.ts" },
  { packages: /^three(\/|$)/, files: /^figures\/player\/browser\//, shown: "figures/player/browser/*" },
  { packages: /^(acorn|eslint-scope)$/, files: /^envs\/free-names$/, shown: "envs/free-names.ts" },
  { packages: /^h5wasm(\/|$)/, files: /^data\/hdf5$/, shown: "data/hdf5.ts" },
];

/** @type {import("eslint").Rule.RuleModule} */
export const importDirection = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      upward: "{{from}} must not import {{to}}; it may import {{allowed}}. Pass what is needed as an argument instead.",
      door: "only {{shown}} imports {{name}}; use what it exports.",
      outside: "{{name}} lies outside sdk/src.",
      unknownRoom: "sdk/src/{{room}} is not a room; add it to script/lint/import-direction.js.",
    },
  },
  create(context) {
    const file = path(context.filename);
    if (file === undefined) return {};
    const room = roomOf(file);

    function check(node) {
      const name = node?.value;
      if (typeof name !== "string") return;
      if (name.startsWith(".")) checkRelative(node, name);
      else checkPackage(node, name);
    }

    function checkPackage(node, name) {
      const door = doors.find(({ packages }) => packages.test(name));
      if (door && !door.files.test(file))
        context.report({ node, messageId: "door", data: { name, shown: door.shown } });
    }

    function checkRelative(node, name) {
      const target = path(resolve(dirname(context.filename), name));
      if (target === undefined) return context.report({ node, messageId: "outside", data: { name } });
      const to = roomOf(target);
      if (entries.has(file) || to === room || leaves.has(target)) return;
      const allowed = rooms[room] ?? [];
      if (allowed.includes(to) || allowed.includes(target)) return;
      context.report({
        node,
        messageId: "upward",
        data: { from: room, to: target, allowed: [...allowed, ...leaves].join(", ") },
      });
    }

    return {
      Program(node) {
        if (room in rooms || leaves.has(file) || entries.has(file)) return;
        context.report({ node, messageId: "unknownRoom", data: { room } });
      },
      ImportDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source),
    };
  },
};

/** "engine/tensor" for <project>/sdk/src/engine/tensor.ts; undefined outside sdk/src. */
function path(absolute) {
  const [workspace, sources, ...rest] = relative(project, absolute).split(sep);
  if (workspace !== "sdk" || sources !== "src" || rest.length === 0) return undefined;
  return rest.join("/").replace(/\.[jt]s$/, "");
}

function roomOf(file) {
  return file.split("/")[0];
}
