// `dmpo pkl2wandb`: the metrics of an earlier run, sent again to Weights & Biases, TensorBoard or a file.
import { Option } from "commander";
import { basename, dirname, join, resolve } from "node:path";
import { pathInUse } from "../../paths.js";
import type { MetricsRecord, MetricsSink } from "../../tracking/metrics-sink.js";
import { examples, type AddCommand } from "../command.js";

interface Flags {
  readonly to: readonly Target[];
  readonly project: string;
  readonly entity?: string;
  readonly name?: string;
  readonly offline?: true;
  readonly output?: string;
}

const targets = ["wandb", "tensorboard", "jsonl", "console"] as const;
type Target = (typeof targets)[number];

export const addPkl2wandb: AddCommand = (program, { terminal }) => {
  const command = program
    .command("pkl2wandb")
    .description("send the metrics of an earlier run again")
    .argument("<source>", "metrics.jsonl, the reference's result.pkl, or the folder of a run")
    .addOption(new Option("--to <receivers...>", "who receives them").choices(targets).default(["wandb"]))
    .option("--project <name>", "Weights & Biases project", "dmpo")
    .option("--entity <name>", "Weights & Biases user or team; default as `dmpo paths` says")
    .option("--name <name>", "name of the run; default its folder's")
    .option("--offline", "write Weights & Biases files without uploading them")
    .option("--output <folder>", "where files go; default `resent` beside the source");
  examples(command, {
    "pkl2wandb log/gym/finetune/hopper/2025-05-10_10-15-00_seed42": "uploads with the wandb command",
    "pkl2wandb result.pkl --to tensorboard jsonl --output converted": "converts a result of the PyTorch reference",
  }).action(async (source: string, flags: Flags) => {
    const { readMetrics } = await import("../../tracking/read-metrics.js");
    const records = await readMetrics(source);
    const sinks = await Promise.all(
      flags.to.map((target) => openSink(target, source, flags, records, (line) => terminal.out(line))),
    );
    for (const record of records) for (const sink of sinks) sink.log(record);
    for (const sink of sinks) await sink.close();
    terminal.out(`${records.length} records sent to ${flags.to.join(", ")}`);
  });
};

async function openSink(
  target: Target,
  source: string,
  { project, entity, name, offline, output }: Flags,
  records: readonly MetricsRecord[],
  notify: (line: string) => void,
): Promise<MetricsSink> {
  const isFile = /\.(pkl|jsonl)$/.test(source);
  const home = isFile ? dirname(resolve(source)) : resolve(source);
  const files = output ?? join(home, "resent");
  const counter = ["itr", "epoch", "step"].find((key) => typeof records[0]![key] === "number") ?? "step";
  switch (target) {
    case "wandb": {
      const { wandbSink } = await import("../../tracking/wandb-sink.js");
      const run = { project, entity: entity ?? (pathInUse("wandbEntity").value || null), name: name ?? basename(home) };
      return wandbSink({ ...run, counter, offline: offline ?? false, folder: output, notify });
    }
    case "tensorboard": {
      const { tensorBoardSink } = await import("../../tracking/tensorboard-sink.js");
      return tensorBoardSink({ folder: join(files, "tensorboard"), counter });
    }
    case "jsonl": {
      const { jsonlSink } = await import("../../tracking/jsonl-sink.js");
      return jsonlSink(join(files, "metrics.jsonl"));
    }
    case "console": {
      const { consoleSink } = await import("../../tracking/console-sink.js");
      return consoleSink({ counter, isOver: true, stream: { write: (text) => notify(text.trimEnd()) } });
    }
  }
}
