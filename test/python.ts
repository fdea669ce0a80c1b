// A Python for tests that compare with real programs: DMPO_TEST_PYTHON, DMPO_BENCH_PYTHON, else python3 on the PATH.
import { execFileSync, spawnSync } from "node:child_process";

const { DMPO_TEST_PYTHON, DMPO_BENCH_PYTHON } = process.env;
const candidates = [DMPO_TEST_PYTHON, DMPO_BENCH_PYTHON, "python3", "python"].filter((name) => name !== undefined);
const found = new Map<string, string | undefined>();

/** The first Python that has all these modules; undefined if none does. They are looked up, not imported. */
export function pythonWith(...modules: readonly string[]): string | undefined {
  const key = modules.join(",");
  if (!found.has(key)) {
    // find_spec() of a module inside an absent package throws, which is an answer too.
    const program = `import sys; from importlib.util import find_spec; sys.exit(not all(map(find_spec, sys.argv[1:])))`;
    const has = (python: string) => spawnSync(python, ["-c", program, ...modules]).status === 0;
    found.set(key, candidates.find(has));
  }
  return found.get(key);
}

/** Runs a program and returns what it prints as JSON. */
export function runPython(python: string, program: string, ...args: string[]): unknown {
  return JSON.parse(execFileSync(python, ["-c", program, ...args], { encoding: "utf8" }));
}
