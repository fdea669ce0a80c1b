// A Python with the given modules, where there is one: DMPO_TEST_PYTHON, DMPO_BENCH_PYTHON, or python3 on the PATH.
import { execFileSync } from "node:child_process";

const candidates = [process.env.DMPO_TEST_PYTHON, process.env.DMPO_BENCH_PYTHON, "python3"];

/** Runs programs that print JSON; undefined, with a notice, if no Python has the module. */
export function pythonWith(module: string): ((program: string, ...args: string[]) => unknown) | undefined {
  const interpreter = candidates.find((name) => {
    try {
      if (name) execFileSync(name, ["-c", `import ${module}`], { stdio: "ignore" });
      return Boolean(name);
    } catch {
      return false;
    }
  });
  if (!interpreter) {
    console.warn(`tests against Python's ${module} are skipped: no python3 has it (DMPO_TEST_PYTHON names another)`);
    return undefined;
  }
  return (program, ...args) => JSON.parse(execFileSync(interpreter, ["-c", program, ...args], { encoding: "utf8" }));
}
