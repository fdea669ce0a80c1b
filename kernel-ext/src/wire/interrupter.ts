// The stop button. The main thread is told first; if its cell still runs after a grace period, it must be blocked in
// JavaScript, and V8 is asked, through the inspector, to end what it executes.
import { Session } from "node:inspector";
import type { Activity } from "./activity.js";

/** Milliseconds between the request and the end by force. */
export const grace = { plain: 300, cooperative: 4000 };

const checkEvery = 50;
const repeatEvery = 500;

export class Interrupter {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly activity: Activity,
    private readonly tellKernel: (at: number) => void,
  ) {}

  /** Stops the running cell; does nothing when none runs. */
  request(): void {
    const cell = this.activity.runningCell;
    if (cell === 0) return;
    const start = Date.now();
    this.tellKernel(start);
    clearInterval(this.#timer);
    let next = 0;
    this.#timer = setInterval(() => {
      if (this.activity.runningCell !== cell) return clearInterval(this.#timer);
      const elapsed = Date.now() - start;
      // The main thread itself ends a cooperative cell at the deadline, if it can.
      const deadline = this.activity.isCooperative ? grace.cooperative + grace.plain : grace.plain;
      if (elapsed < Math.max(deadline, next) || this.activity.isUninterruptible) return;
      next = elapsed + repeatEvery;
      terminateExecution();
    }, checkEvery);
  }
}

function terminateExecution(): void {
  const session = new Session();
  session.connectToMainThread();
  // A session that stays connected would keep the process from ending.
  session.post("Runtime.terminateExecution", () => session.disconnect());
}
