// What stands in a pickle's data for a value that is not read: nothing of it is executed or kept but its name.

/** A value of a class, or from a function, that is none of the known ones. */
export class OmittedValue {
  constructor(
    /** Its full name in Python, e.g. "numpy.random._pickle.__randomstate_ctor". */
    readonly name: string,
  ) {}
}

// Modules whose functions do things: no data needs them, and pickles that name them try to run code.
const active = new Set(
  (
    "os posix nt posixpath ntpath subprocess pty sys builtins __builtin__ importlib runpy code codeop commands shutil socket " +
    "ctypes webbrowser functools operator types inspect marshal pickle _pickle cPickle timeit pdb bdb profile cProfile trace " +
    "platform multiprocessing asyncio threading signal tempfile glob io"
  ).split(" "),
);
const harmless = new Set([
  ..."complex slice range object int float str bool list dict tuple frozenset".split(" ").flatMap((name) => [`builtins.${name}`, `__builtin__.${name}`]), // prettier-ignore
  "builtins.xrange",
  "__builtin__.xrange",
]);
// Modules whose functions with small letters make data.
const makers =
  /^(torch|numpy\.random|numpy\.(_?core)\b|numpy$|collections|datetime|copyreg|copy_reg|pathlib|cloudpickle|jax|pandas|gym|gymnasium|omegaconf)\b/;

/** Whether a name may stand for a value that is left out: a class, or a function that makes data. */
export function mayBeOmitted(module: string, name: string): boolean {
  if (!/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(module) || !/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(name)) return false;
  if (harmless.has(`${module}.${name}`)) return true;
  if (active.has(module.split(".")[0]!)) return false;
  if (/^(_*[A-Z]\w*)(\._*[A-Z]\w*)*$/.test(name)) return true;
  return !name.includes(".") && makers.test(module);
}
