// The command in this process: its exit code and what it wrote.
import { run } from "../../sdk/src/cli/main.js";

export async function dmpo(...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  const out: string[] = [];
  const error: string[] = [];
  const code = await run(argv, { out: (line) => out.push(line), error: (line) => error.push(line) });
  return { code, out: out.join("\n"), error: error.join("\n") };
}
