// Real NumPy, where a Python has it.
import { pythonWith, runPython } from "../python.js";

const interpreter = pythonWith("numpy");

export const hasNumpy = interpreter !== undefined;

/** Runs a program of a Python with NumPy and returns what it prints as JSON. */
export const python = (program: string, ...args: string[]) => runPython(interpreter!, program, ...args);
