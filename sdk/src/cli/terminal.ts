// Where the command writes; tests put their own in place. Plain text only, so that logs and pipes stay readable.
export interface Terminal {
  /** Results: standard output. */
  out(line: string): void;
  /** Progress, notices and errors: standard error. */
  error(line: string): void;
}

export const processTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
};
