// Where the command writes; tests put their own in place. Plain text only, so that logs and pipes stay readable.
import { plainText } from "../plain-text.js";
import { systemError } from "../system-errors.js";

export interface Terminal {
  /** Results: standard output. */
  out(line: string): void;
  /** Progress, notices and errors: standard error. */
  error(line: string): void;
  /** Asks the person in front of it; absent where there is none. */
  readonly ask?: (question: string) => Promise<string>;
}

export const processTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
  ...(process.stdin.isTTY && process.stdout.isTTY && { ask }),
};

/** Whatever a file called its tensors or a run itself, no line tells the terminal what to do. */
export function plainTerminal(terminal: Terminal): Terminal {
  const { ask } = terminal;
  return {
    out: (line) => terminal.out(plainText(line)),
    error: (line) => terminal.error(plainText(line)),
    ...(ask && { ask: (question: string) => ask(plainText(question)) }),
  };
}

// Whoever reads may leave, as in `dmpo data list | head`: the rest goes nowhere, and a run goes on. So it does where a log has no
// more room, but that is said once, and the command has failed.
for (const [name, stream] of Object.entries({ "standard output": process.stdout, "standard error": process.stderr })) {
  let said = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    process.exitCode = 1;
    if (!said && stream !== process.stderr) {
      process.stderr.write(`dmpo: ${(systemError(error, name) ?? error).message}\n`);
    }
    said = true;
  });
}

let asking = 0;
/** Whether a question waits for its answer. */
export const isAsking = (): boolean => asking > 0;

async function ask(question: string): Promise<string> {
  asking++;
  const { createInterface } = await import("node:readline/promises");
  const dialogue = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await dialogue.question(question);
  } finally {
    asking--;
    dialogue.close();
  }
}
