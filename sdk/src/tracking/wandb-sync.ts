// Uploads runs to Weights & Biases through its own command, where that is installed.
import { spawn } from "node:child_process";
import { fail } from "../errors.js";

export interface SyncOptions {
  readonly signal?: AbortSignal;
  /** Each line that the command prints. */
  readonly onLine?: (line: string) => void;
}

/** The command of the wandb package, or its module in a Python that has it. */
const commands = [
  ["wandb", []],
  ["python3", ["-m", "wandb"]],
  ["python", ["-m", "wandb"]],
] as const;

/**
 * `wandb sync` for these run folders.
 * @throws InputError `DMPO_WANDB_MISSING` if it is not installed, `DMPO_WANDB_SYNC` with its last words if it fails.
 */
export async function syncRuns(folders: readonly string[], options: SyncOptions = {}): Promise<void> {
  const command = await installed();
  if (!command) {
    fail(
      "DMPO_WANDB_MISSING",
      "wandb sync",
      "the command wandb is not installed",
      "Weights & Biases' own client",
      `pip install wandb, wandb login, then: dmpo sync ${folders.join(" ")}`,
    );
  }
  const [program, before] = command;
  const { code, lines } = await execute(program, [...before, "sync", "--yes", ...folders], options);
  if (code === 0 && !lines.some((line) => /\bERROR\b|Failed to sync/i.test(line))) return;
  const last = lines.slice(-3).join(" ").trim() || `exit code ${code}`;
  fail("DMPO_WANDB_SYNC", "wandb sync", last, "an upload", `the files stay: dmpo sync ${folders.join(" ")}`);
}

/** Without a connection the command would try for hours; metrics of a run take seconds. */
const UPLOAD_SECONDS = 120;

/** The same as a sentence that tells what happened; never throws, for use at the end of a run. */
export async function syncAtEnd(folder: string, seconds = UPLOAD_SECONDS): Promise<string> {
  const limit = AbortSignal.timeout(1000 * seconds);
  try {
    const lines: string[] = [];
    await syncRuns([folder], { signal: limit, onLine: (line) => lines.push(line) });
    return lines.find((line) => line.includes("View run")) ?? `uploaded ${folder}`;
  } catch (error) {
    if (limit.aborted) return `not uploaded within ${seconds} s; the files stay: dmpo sync ${folder}`;
    return `not uploaded: ${error instanceof Error ? error.message.replaceAll("\n", "; ") : String(error)}`;
  }
}

async function installed(): Promise<(typeof commands)[number] | undefined> {
  for (const command of commands) {
    const answer = await execute(command[0], [...command[1], "--version"], {}).catch(() => undefined);
    if (answer?.code === 0) return command;
  }
  return undefined;
}

function execute(program: string, args: readonly string[], { signal, onLine }: SyncOptions) {
  return new Promise<{ code: number | null; lines: string[] }>((resolve, reject) => {
    const env = { WANDB_ERROR_REPORTING: "false", ...process.env };
    const child = spawn(program, args, { signal, env, stdio: ["ignore", "pipe", "pipe"] });
    const lines: string[] = [];
    let rest = "";
    const receive = (text: string) => {
      const parts = (rest + text).split(/\r?\n/);
      rest = parts.pop()!;
      for (const line of parts) {
        lines.push(line);
        onLine?.(line);
      }
    };
    child.stdout.setEncoding("utf8").on("data", receive);
    child.stderr.setEncoding("utf8").on("data", receive);
    child.on("error", reject);
    child.on("close", (code) => {
      if (rest) receive("\n");
      resolve({ code, lines });
    });
  });
}
