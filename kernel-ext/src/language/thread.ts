// Entry of the compiler thread: type-checks, compiles, completes, inspects.
import { parentPort, workerData } from "node:worker_threads";
import { memoryKeeper } from "../runtime/memory.js";
import { answer } from "./assistance.js";
import { Compiler } from "./compiler.js";
import type { CompilerRequest, CompilerResponse, CompilerSettings } from "./compiler-thread.js";

const { roots } = workerData as CompilerSettings;
const port = parentPort!;
const compiler = new Compiler(roots);
const collect = memoryKeeper();

port.on("message", ({ id, declarations, request }: CompilerRequest) => {
  let response: CompilerResponse;
  try {
    const result =
      "code" in request
        ? compiler.compile(declarations, request.code)
        : answer(compiler, declarations, request.type, request.content);
    response = { id, result };
  } catch (error) {
    // The compiler's internals may fail on half a program; a front end waits for a reply in any case.
    response = { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  port.postMessage(response);
  collect();
});
