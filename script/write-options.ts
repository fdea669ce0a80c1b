// `npm run options`: writes what the schemas of options say where people read it: as public types, which editors and notebooks
// show (sdk/src/experiments/option-types.ts), and as a page (docs/options.md). A test compares both with the schemas.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { z } from "zod";
import { consistencyMlpOptions } from "../sdk/src/nn/consistency-mlp.js";
import { flowMlpOptions } from "../sdk/src/nn/flow-mlp.js";
import { gaussianMlpOptions } from "../sdk/src/nn/gaussian-mlp.js";
import { gaussianTransformerOptions } from "../sdk/src/nn/gaussian-transformer.js";
import { gmmMlpOptions } from "../sdk/src/nn/gmm-mlp.js";
import { gmmTransformerOptions } from "../sdk/src/nn/gmm-transformer.js";
import { meanFlowMlpOptions } from "../sdk/src/nn/mean-flow-mlp.js";
import { oneStepMlpOptions } from "../sdk/src/nn/one-step-mlp.js";
import { shortcutMlpOptions } from "../sdk/src/nn/shortcut-mlp.js";
import { unetOptions } from "../sdk/src/nn/unet.js";
import { lookOptions } from "../sdk/src/nn/vision-encoder.js";
import { optionHelp, optionSentence, type OptionHelp } from "../sdk/src/option-help.js";
import { chainSchema } from "../sdk/src/policies/chain.js";
import { consistencyOptions } from "../sdk/src/policies/consistency.js";
import { diffusionPathOptions } from "../sdk/src/policies/diffusion-path.js";
import { diffusionOptions } from "../sdk/src/policies/diffusion-step.js";
import { dispersiveOptions } from "../sdk/src/policies/dispersive.js";
import { gaussianOptions } from "../sdk/src/policies/gaussian.js";
import { gmmOptions } from "../sdk/src/policies/gmm.js";
import { meanFlowOptions } from "../sdk/src/policies/mean-flow.js";
import { oneStepOptions } from "../sdk/src/policies/one-step.js";
import { reFlowOptions } from "../sdk/src/policies/reflow.js";
import { shortcutOptions } from "../sdk/src/policies/shortcut.js";
import { pretrainOptions } from "../sdk/src/pretrain/options.js";
import { awr } from "../sdk/src/rl/awr.js";
import { calql } from "../sdk/src/rl/calql.js";
import { dipo } from "../sdk/src/rl/dipo.js";
import { dql } from "../sdk/src/rl/dql.js";
import { fql } from "../sdk/src/rl/fql.js";
import { grpo } from "../sdk/src/rl/grpo.js";
import { ibrl } from "../sdk/src/rl/ibrl.js";
import { idql } from "../sdk/src/rl/idql.js";
import { ppoOptions } from "../sdk/src/rl/ppo.js";
import { qsm } from "../sdk/src/rl/qsm.js";
import { rlpd } from "../sdk/src/rl/rlpd.js";
import { rwr } from "../sdk/src/rl/rwr.js";
import { sacOptions } from "../sdk/src/rl/sac.js";

interface Table {
  /** What the options are of, for the docstring and the page. */
  readonly title: string;
  /** How they are given, for the page. */
  readonly call: string;
  readonly schema: z.ZodObject;
  /** Options that follow from the data. */
  readonly without?: readonly string[];
}

const network = <Schema extends z.ZodObject>(title: string, schema: Schema) => ({
  title: `Network of ${title}`,
  call: ".withNetwork({ ... })",
  schema,
  without: ["horizonSteps", "actionDim", "condDim"],
});
const objective = <Schema extends z.ZodObject>(title: string, schema: Schema) => ({
  title: `Objective of ${title}`,
  call: `${title}.standard({ ... })`,
  schema,
});
const exploring = <Schema extends z.ZodObject>(title: string, schema: Schema) => ({
  title: `How ${title} explores`,
  call: "PPO.finetune(base, { ... })`, `PPO.train({ env, ... })",
  schema,
});

/** By the name of the type. */
export const tables = {
  PretrainingInput: {
    title: "Pre-training",
    call: "description.pretrain(data, { ... })",
    schema: pretrainOptions,
  },
  PPOInput: { title: "PPO", call: "PPO.finetune(base, { ... })`, `PPO.train({ env, ... })", schema: ppoOptions },
  ChainInput: exploring("a flow", chainSchema),
  DiffusionPathInput: exploring("Diffusion", diffusionPathOptions),
  AWRInput: { title: "AWR", call: "AWR.finetune(base, { ... })`, `AWR.train({ env, ... })", schema: awr.options },
  RWRInput: { title: "RWR", call: "RWR.finetune(base, { ... })`, `RWR.train({ env, ... })", schema: rwr.options },
  DQLInput: { title: "DQL", call: "DQL.finetune(base, { ... })`, `DQL.train({ env, ... })", schema: dql.options },
  IDQLInput: { title: "IDQL", call: "IDQL.finetune(base, { ... })`, `IDQL.train({ env, ... })", schema: idql.options },
  QSMInput: { title: "QSM", call: "QSM.finetune(base, { ... })`, `QSM.train({ env, ... })", schema: qsm.options },
  DIPOInput: { title: "DIPO", call: "DIPO.finetune(base, { ... })`, `DIPO.train({ env, ... })", schema: dipo.options },
  GRPOInput: { title: "GRPO", call: "GRPO.finetune(base, { ... })`, `GRPO.train({ env, ... })", schema: grpo.options },
  RLPDInput: { title: "RLPD", call: "RLPD.train({ env, data, ... })", schema: rlpd.options },
  SACInput: { title: "SAC", call: "SAC.train({ env, ... })", schema: sacOptions },
  FQLInput: { title: "FQL", call: "FQL.train({ env, data, ... })", schema: fql.options },
  CalQLInput: { title: "Cal-QL", call: "CalQL.offline(data, { ... })", schema: calql.options },
  IBRLInput: { title: "IBRL", call: "IBRL.finetune(base, { data, ... })", schema: ibrl.options },
  MeanFlowInput: objective("MeanFlow", meanFlowOptions),
  ReFlowInput: objective("ReFlow", reFlowOptions),
  ShortcutFlowInput: objective("ShortcutFlow", shortcutOptions),
  ConsistencyModelInput: {
    ...objective("ConsistencyModel", consistencyOptions),
    call: "ConsistencyModel.distil(teacher, { ... })",
  },
  OneStepInput: { ...objective("OneStep", oneStepOptions), call: "OneStep.distil(teacher, { ... })" },
  DiffusionInput: objective("Diffusion", diffusionOptions),
  GaussianInput: objective("Gaussian", gaussianOptions),
  GMMInput: objective("GMM", gmmOptions),
  DispersiveInput: {
    title: "Dispersive regularisation",
    call: ".withDispersive({ ... })",
    schema: dispersiveOptions,
  },
  VisionInput: network('policies that see, types "vit" and "unet_vit", besides', z.strictObject(lookOptions)),
  MeanFlowNetworkInput: network("MeanFlow", meanFlowMlpOptions),
  FlowNetworkInput: network("ReFlow and Diffusion", flowMlpOptions),
  UnetInput: network('Diffusion, type "unet"', unetOptions),
  ShortcutNetworkInput: network("ShortcutFlow", shortcutMlpOptions),
  ConsistencyNetworkInput: network("ConsistencyModel", consistencyMlpOptions),
  OneStepNetworkInput: network("OneStep", oneStepMlpOptions),
  GaussianNetworkInput: network('Gaussian, type "mlp"', gaussianMlpOptions),
  GaussianTransformerInput: network('Gaussian, type "transformer"', gaussianTransformerOptions),
  GMMNetworkInput: network('GMM, type "mlp"', gmmMlpOptions),
  GMMTransformerInput: network('GMM, type "transformer"', gmmTransformerOptions),
} satisfies Readonly<Record<string, Table>>;

const helpOf = ({ schema, without = [] }: Table) => optionHelp(schema).filter(({ name }) => !without.includes(name));

/** Types that are more than a schema can tell: functions of one's own. */
const named: Readonly<Record<string, string>> = { times: "TimeDistributionInput" };

const members = (options: readonly OptionHelp[]): string =>
  options
    .map((option) => {
      const { name, required, type, options: inner } = option;
      const own = inner && `{ ${members(inner)} }`;
      const text = own ? type.replace("object", own) : (named[name] ?? type);
      const sentence = optionSentence(option);
      return `${sentence ? `/** ${sentence} */\n` : ""}readonly ${name}${required ? "" : "?"}: ${text};`;
    })
    .join("\n");

/** The text of sdk/src/experiments/option-types.ts. */
export function optionTypes(): Promise<string> {
  const interfaces = Object.entries<Table>(tables).map(
    ([name, table]) =>
      `/** ${table.title}: \`${table.call}\`. Everything may be left out. */\nexport interface ${name} { ${members(helpOf(table))} }`,
  );
  const head = [
    "// Types of the options that people write, with what the schemas say of each: written by `npm run options`, not by hand.",
    `import type { TimeDistributionInput } from "../policies/time-sampling.js";`,
  ];
  return formatted([head.join("\n"), ...interfaces].join("\n\n"), "typescript");
}

/** The text of docs/options.md. */
export function optionsPage(): Promise<string> {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const rows = (options: readonly OptionHelp[], before = ""): string[] =>
    options.flatMap(({ name, type, range, default: preset, required, text = "", options: inner }) => {
      const path = `${before}${name}`;
      const shown = named[name] ?? type;
      const row = [
        `\`${path}\``,
        `\`${cell(shown)}\`${range ? `, ${range}` : ""}`,
        required ? "must be given" : preset === undefined ? "" : `\`${cell(preset)}\``,
      ];
      return [`| ${[...row, cell(text)].join(" | ")} |`, ...rows(inner ?? [], `${path}.`)];
    });
  const sections = Object.values<Table>(tables).map((table) =>
    [
      `## ${table.title}`,
      `\`${table.call}\``,
      ["| option | values | default | |", "|---|---|---|---|", ...rows(helpOf(table))].join("\n"),
    ].join("\n\n"),
  );
  const head = [
    "# Options",
    "What can be set in code, from the schemas; written by `npm run options`. Editors and notebooks show the same on hover and " +
      "Shift+Tab, `dmpo config help KEY` says it of a key of a configuration.",
  ];
  return formatted([...head, ...sections].join("\n\n"), "markdown");
}

async function formatted(text: string, parser: string) {
  return format(text, { ...(await resolveConfig(fileURLToPath(import.meta.url))), parser });
}

/** The files, by what is written to them. */
export const pages = {
  "sdk/src/experiments/option-types.ts": optionTypes,
  "docs/options.md": optionsPage,
};

/** What stands there. */
export const stored = (page: string): Promise<string> => readFile(new URL(`../${page}`, import.meta.url), "utf8");

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [page, text] of Object.entries(pages))
    await writeFile(new URL(`../${page}`, import.meta.url), await text());
}
