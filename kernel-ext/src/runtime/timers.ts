// Timers that belong to the run that set them: those of a stopped cell never fire.
import timers from "node:timers";
import { promisify } from "node:util";
import { host } from "./host.js";
import { currentRun, enterRun } from "./run.js";

type Callback = (...parameters: unknown[]) => void;
type SetTimer = (callback: Callback, ...rest: unknown[]) => unknown;

/**
 * Replaces the global timer functions. The callback runs as a promise job: V8 can end an endless loop there, while
 * directly inside Node's timer code that would corrupt Node's state and abort the process.
 */
export function installTimers(onError: (error: unknown) => void): void {
  const promised = Promise.resolve();

  function owned(set: SetTimer): SetTimer {
    return (callback, ...rest) => {
      if (typeof callback !== "function") return set(callback, ...rest);
      const run = currentRun();
      const guarded = (...parameters: unknown[]) => {
        if (run?.isStopped) return;
        void promised.then(() => {
          if (run?.isStopped) return;
          enterRun(run);
          try {
            callback(...parameters);
          } catch (error) {
            onError(error);
          }
        });
      };
      return set(guarded, ...rest);
    };
  }

  for (const name of ["setTimeout", "setInterval", "setImmediate"] as const) {
    const original = timers[name] as unknown as SetTimer;
    const replacement = Object.defineProperty(owned(original), promisify.custom, {
      value: Reflect.get(original, promisify.custom) as unknown,
    });
    Object.defineProperty(replacement, "name", { value: name });
    Reflect.set(timers, name, replacement);
    Reflect.set(host, name, replacement);
  }
}
