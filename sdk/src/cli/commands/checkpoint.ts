// `dmpo checkpoint info|convert|export`: look into checkpoints, change their format, make ONNX files of their policies.
import { InvalidArgumentError, type Command } from "commander";
import { existsSync } from "node:fs";
import { fail } from "../../errors.js";
import { examples, type AddCommand, type CommandContext, path } from "../command.js";

export const addCheckpoint: AddCommand = (program, context) => {
  const checkpoint = program.command("checkpoint").description("look into checkpoints, convert them, export policies");
  addInfo(checkpoint, context);
  addConvert(checkpoint, context);
  addExport(checkpoint, context);
};

function addInfo(checkpoint: Command, { terminal }: CommandContext): void {
  const info = checkpoint
    .command("info")
    .description("show what a checkpoint holds: .safetensors, or .pt as PyTorch writes it")
    .argument("<file>", "the checkpoint", path)
    .option("--tensors", "list every tensor")
    .option("--json", "print JSON");
  examples(info, { "checkpoint info state_100.pt --tensors": "nothing in the file is executed" }).action(
    async (path: string, flags: { tensors?: boolean; json?: boolean }) => {
      const [{ readCheckpointFile }, { summarizeCheckpoint }] = await Promise.all([
        import("../../checkpoints/checkpoint-file.js"),
        import("../../checkpoints/summary.js"),
      ]);
      const summary = summarizeCheckpoint(await readCheckpointFile(path));
      if (flags.json) return terminal.out(JSON.stringify(summary, null, 2));
      terminal.out(`${path}: ${summary.format}, ${summary.bytes.toLocaleString("en")} bytes`);
      for (const [name, content] of summary.entries) terminal.out(`  ${name}: ${content}`);
      if (!flags.tensors) return;
      for (const { name, dtype, shape } of summary.tensors) terminal.out(`  ${name}  ${dtype} [${shape.join(", ")}]`);
    },
  );
}

function addConvert(checkpoint: Command, { terminal }: CommandContext): void {
  const convert = checkpoint
    .command("convert")
    .description("write a checkpoint in the other format, .pt or .safetensors, without loss")
    .argument("<from>", "the checkpoint", path)
    .argument("<to>", "the file to write; an existing one is kept", path)
    .option("--force", "replace an existing file");
  examples(convert, {
    "checkpoint convert log/run/checkpoint/last.safetensors policy.pt":
      "torch.load('best.pt', weights_only=True) has the state dicts model and ema, or policy",
    "checkpoint convert state_100.pt state_100.safetensors": "keeps everything that the file holds but Python classes",
  }).action(async (from: string, to: string, flags: { force?: boolean }) => {
    const files = await import("../../checkpoints/checkpoint-file.js");
    files.formatOf(to);
    keepExisting(to, flags.force);
    await files.writeCheckpointFile(to, await files.readCheckpointFile(from));
    terminal.out(`${from} -> ${to}`);
  });
}

interface ExportFlags {
  readonly steps?: number;
  readonly normalization?: string;
  readonly actionDim?: number;
  readonly trainedWeights?: boolean;
  readonly normalizedValues?: boolean;
  readonly force?: boolean;
}

function addExport(checkpoint: Command, { terminal }: CommandContext): void {
  const command = checkpoint
    .command("export")
    .description("write a policy as an ONNX file: observation and noise in, action chunk out")
    .argument("<file>", "the checkpoint", path)
    .argument("<onnx>", "the file to write; an existing one is kept", path)
    .option("--steps <K>", "denoising steps in one call, by default the policy's own", count)
    .option("--trained-weights", "of a pre-training checkpoint, take the weights as trained, not the averaged ones")
    .option("--normalized-values", "leave normalisation out: observations and actions are in [-1, 1]")
    .option("--normalization <npz>", "for .pt files: normalization.npz of the data, or none", path)
    .option("--action-dim <Da>", "for .pt files with --normalization none: numbers per action", count)
    .option("--force", "replace an existing file");
  examples(command, {
    "checkpoint export log/run/checkpoint/last.safetensors policy.onnx":
      "one step; raw observations in, raw actions out",
    "checkpoint export state_100.pt policy.onnx --steps 5 --normalization data/normalization.npz":
      "five steps of a policy that the PyTorch code trained",
  }).action(async (file: string, onnx: string, flags: ExportFlags) => {
    const [{ exportOnnx }, { loadPolicy }] = await Promise.all([
      import("../../experiments/export-onnx.js"),
      import("../../experiments/load-policy.js"),
    ]);
    keepExisting(onnx, flags.force);
    const { normalization, actionDim, steps } = flags;
    const policy = await loadPolicy(file, { averagedWeights: !flags.trainedWeights, normalization, actionDim });
    const { shapes, batch } = await exportOnnx(policy, onnx, { steps, includeNormalization: !flags.normalizedValues });
    const axes = (name: string) => `${name} [${["batch", ...shapes[name]!].join(", ")}]`;
    const inputs = Object.keys(shapes).filter((name) => name !== "action");
    terminal.out(`${onnx}: ${inputs.map(axes).join(", ")} -> ${axes("action")}; batch: ${batch}`);
  });
}

function keepExisting(path: string, force = false): void {
  if (!force && existsSync(path)) fail("DMPO_CHECKPOINT", path, "exists already", "a new file", "--force replaces it");
}

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("expected an integer from 1 on");
  return Number(text);
}
