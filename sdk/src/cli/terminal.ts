// Where the command writes; tests put their own in place. Plain text only, so that logs and pipes stay readable.
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

// Whoever reads may leave, as in `dmpo data list | head`: the rest goes nowhere, and a run goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const dialogue = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await dialogue.question(question);
  } finally {
    dialogue.close();
  }
}
