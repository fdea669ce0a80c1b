// Real NumPy, where there is one: python3 on the PATH, or the interpreter that DMPO_TEST_PYTHON names.
import { execFileSync } from "node:child_process";

const interpreter = process.env.DMPO_TEST_PYTHON ?? "python3";

export const hasNumpy = answers("import numpy");
if (!hasNumpy) console.warn("tests against NumPy are skipped: no python3 with numpy (DMPO_TEST_PYTHON names another)");

/** Runs a program and returns what it prints as JSON. */
export function python(program: string, ...args: string[]): unknown {
  return JSON.parse(execFileSync(interpreter, ["-c", program, ...args], { encoding: "utf8" }));
}

function answers(program: string): boolean {
  try {
    execFileSync(interpreter, ["-c", program], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
