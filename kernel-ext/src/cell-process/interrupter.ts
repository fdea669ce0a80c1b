// The stop button. The main thread is told first; if its cell still runs after a grace period, it must be blocked in
// JavaScript, and V8 is asked, through the inspector, to end what it executes. Where that does not help either (a native
// call, jobs that start anew before anything else gets its turn), the kernel process is told to end the process.
import { Session } from "node:inspector";
import type { ToCellsMain } from "../channel.js";
import type { Activity } from "../runtime/activity.js";
import { cooperativeGrace } from "../runtime/grace.js";

/** Milliseconds from the request, or from the end of the cell, to the end by force. */
const plainGrace = 300;
/** Milliseconds of attempts by force before the process is given up; while a module loads, nothing may be cut off. */
const patience = 3000;
const loadingPatience = 10_000;

const checkEvery = 50;
const repeatEvery = 500;

interface Interruption {
  readonly request: number;
  /** When the main thread began to have no excuse. */
  since: number;
  nextAttempt: number;
  /** Set once the cell has ended; until the main thread answers, something that the cell left behind blocks it. */
  ping: number | undefined;
}

export class Interrupter {
  #timer: NodeJS.Timeout | undefined;
  #current: Interruption | undefined;
  #lastPing = 0;

  constructor(
    private readonly activity: Activity,
    private readonly tellMain: (message: ToCellsMain) => void,
    private readonly giveUp: (request: number) => void,
  ) {}

  /** Stops a cell, also one that the main thread has not begun; one that has finished, in what it left behind. */
  request(message: ToCellsMain & { readonly kind: "interrupt" }): void {
    const { request } = message;
    const isFinished = this.activity.isFinished(request);
    // Pressing again postpones nothing.
    if (this.#current && (isFinished || this.#current.request === request)) return;
    if (!isFinished) {
      this.activity.interrupt(request);
      this.tellMain(message);
    }
    this.#current = { request, since: Date.now(), nextAttempt: 0, ping: undefined };
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#check(this.#current!), checkEvery);
  }

  /** The next cell is on its way to the main thread: it must not be taken for a rest of the stopped one. */
  beforeNextCell(): void {
    if (this.#current) this.#ping(this.#current);
  }

  #check(current: Interruption): void {
    const { activity } = this;
    if (activity.isFinished(current.request)) this.#ping(current);
    if (current.ping !== undefined && activity.hasAnswered(current.ping)) return this.#end();
    const isGivenTime = current.ping === undefined && activity.isCooperative && activity.isRunning(current.request);
    const grace = isGivenTime ? cooperativeGrace + plainGrace : plainGrace;
    const late = Date.now() - current.since - grace;
    if (late > (activity.isUninterruptible ? loadingPatience : patience)) {
      this.giveUp(current.request);
      return this.#end();
    }
    if (late < Math.max(0, current.nextAttempt) || activity.isUninterruptible) return;
    current.nextAttempt = late + repeatEvery;
    terminateExecution();
  }

  #ping(current: Interruption): void {
    if (current.ping !== undefined) return;
    Object.assign(current, { ping: ++this.#lastPing, since: Date.now(), nextAttempt: 0 });
    this.tellMain({ kind: "ping", ping: this.#lastPing });
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#current = undefined;
  }
}

function terminateExecution(): void {
  const session = new Session();
  session.connectToMainThread();
  // A session that stays connected would keep the process from ending.
  session.post("Runtime.terminateExecution", () => session.disconnect());
}
