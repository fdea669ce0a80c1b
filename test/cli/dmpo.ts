// The command in this process: its exit code and what it wrote.
import { vi } from "vitest";
import { run } from "../../sdk/src/cli/main.js";

export async function dmpo(...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  const out: string[] = [];
  const error: string[] = [];
  // Progress does not pass through the command's terminal: the console sink writes it.
  const progress = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out.push(String(text).replace(/\n$/, ""));
    return true;
  });
  try {
    const code = await run(argv, { out: (line) => out.push(line), error: (line) => error.push(line) });
    return { code, out: out.join("\n"), error: error.join("\n") };
  } finally {
    progress.mockRestore();
  }
}
