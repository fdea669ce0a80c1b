// run.json: what a run was started with, written into its folder before anything is computed.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeFileAtomic } from "../../files.js";
import { owner, runFile } from "./run-folder.js";
import { versions } from "./versions.js";

/** State of the working directory, where that is a git repository. */
export interface GitState {
  readonly commit: string;
  readonly branch: string;
  /** Paths that differ from the commit. */
  readonly changed: readonly string[];
}

export async function writeRunDescription(
  folder: string,
  run: { readonly task: string; readonly seed: number; readonly threads?: number },
): Promise<void> {
  const description = {
    ...run,
    started: new Date().toISOString(),
    ...owner,
    command: process.argv,
    workingDirectory: process.cwd(),
    git: (await gitState(process.cwd())) ?? null,
    versions: versions(),
  };
  await writeFileAtomic(join(folder, runFile), `${JSON.stringify(description, null, 2)}\n`);
}

/** @returns undefined outside a repository, without a commit or without git. */
export async function gitState(directory: string): Promise<GitState | undefined> {
  const git = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)("git", args, { cwd: directory, timeout: 10_000, maxBuffer: 1 << 24 });
    return stdout;
  };
  try {
    const [commit, branch, status] = await Promise.all([
      git("rev-parse", "HEAD"),
      git("rev-parse", "--abbrev-ref", "HEAD"),
      git("status", "--porcelain", "-z"),
    ]);
    const changed = status.split("\0").flatMap((line) => (line.length > 3 ? [line.slice(3)] : []));
    return { commit: commit.trim(), branch: branch.trim(), changed };
  } catch {
    return undefined;
  }
}
