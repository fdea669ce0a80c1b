// Programs for a Python with a given module, where there is one.
import { pythonWith as interpreterWith, runPython } from "../python.js";

/** Runs programs that print JSON; undefined if no Python has the module. */
export function pythonWith(module: string): ((program: string, ...args: string[]) => unknown) | undefined {
  const python = interpreterWith(module);
  return python === undefined ? undefined : (program, ...args) => runPython(python, program, ...args);
}
