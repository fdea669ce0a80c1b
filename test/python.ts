// A Python for tests that compare with real programs: DMPO_TEST_PYTHON, else python3 on the PATH.
import { spawnSync } from "node:child_process";

const candidates = [process.env.DMPO_TEST_PYTHON, "python3", "python"].filter((name) => name !== undefined);
const found = new Map<string, string | undefined>();

/** The first Python that can import all these modules; undefined if none does. */
export function pythonWith(...modules: readonly string[]): string | undefined {
  const key = modules.join(",");
  if (!found.has(key)) {
    const imports = modules.map((name) => `import ${name}`).join("\n");
    found.set(
      key,
      candidates.find((python) => spawnSync(python, ["-c", imports]).status === 0),
    );
  }
  return found.get(key);
}
