// Keeps ONNX Runtime's native library from reporting to its maker. From 1.29 on it writes a device id and a database of events
// below ~/.cache/Microsoft, a log into the temporary folder, and uploads, unless the process's environment says otherwise
// when the library starts (https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md).
import { isMainThread } from "node:worker_threads";
import { fail } from "../../errors.js";

const variable = "ORT_DISABLE_TELEMETRY";

// Already when this is imported, for programs that use onnxruntime-node beside this package.
if (isMainThread) process.env[variable] ||= "1";

let done: Promise<void> | undefined;

/**
 * Must have ended before `onnxruntime-node` is imported. What the user has set (`ORT_DISABLE_TELEMETRY=0` allows reports) stays.
 * @throws InputError `DMPO_TELEMETRY` in a worker thread whose main thread cannot be asked.
 */
export function turnOffTelemetry(): Promise<void> {
  return (done ??= isMainThread ? Promise.resolve() : inMainThread());
}

/** `process.env` of a worker thread is a copy that native code does not see; only the main thread's is the process's. */
async function inMainThread(): Promise<void> {
  try {
    const { Session } = await import("node:inspector");
    const session = new Session();
    session.connectToMainThread();
    const expression = `void (process.env.${variable} ||= ${JSON.stringify(process.env[variable] || "1")})`;
    try {
      await new Promise<void>((resolve, reject) => {
        session.post("Runtime.evaluate", { expression }, (error, answer) => {
          if (error ?? answer.exceptionDetails) reject(error ?? new Error(answer.exceptionDetails!.text));
          else resolve();
        });
      });
    } finally {
      session.disconnect();
    }
  } catch (error) {
    fail(
      "DMPO_TELEMETRY",
      "onnxruntime-node",
      `this worker thread cannot turn off its reports to its maker (${error instanceof Error ? error.message : String(error)})`,
      `${variable} in the environment of the process`,
      `start the program with ${variable}=1, or with ${variable}=0 to allow the reports`,
    );
  }
}
