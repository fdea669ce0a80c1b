// What the kernel's two processes tell each other. The kernel process owns the sockets and the compiler; the cells run in a
// process of their own, so that whatever they do to it, their notebook hears of it.
import type { Script } from "./runtime/script.js";

/** A compiled cell to run; `request` names it in every message about it and grows from cell to cell. */
export interface RunMessage {
  readonly kind: "run";
  readonly request: number;
  /** What stack frames call the cell. */
  readonly name: string;
  readonly code: string;
  readonly count: number;
  /** Undefined when there is nothing to run. */
  readonly script: Script | undefined;
  /** Local modules that are new or have changed, by the absolute path of what would be their .js file. */
  readonly modules: readonly (readonly [path: string, script: Script])[];
  /** Name under which the script exports the value of its last expression. */
  readonly resultName: string | undefined;
  /** Whether later cells see what it declares. */
  readonly keep: boolean;
  /** What becomes of the value: shown in the notebook, sent back, or dropped. */
  readonly value: "publish" | "return" | "drop";
  readonly silent: boolean;
}

export type ToCells =
  | RunMessage
  /** The stop button; `at` in milliseconds since 1970. Request 0: no cell is there, but one may have left something behind. */
  | { readonly kind: "interrupt"; readonly request: number; readonly at: number };

/** What the link thread of the cells' process tells their main thread, as JSON text: objects would come with the cells' prototypes. */
export type ToCellsMain =
  | ToCells
  /** To be answered in the shared memory: shows that the main thread is free again. */
  | { readonly kind: "ping"; readonly ping: number };

/** What the link thread reports: the cell did not end, though everything was tried. */
export interface Stuck {
  readonly kind: "stuck";
  readonly request: number;
}

/** Content of a message of type `error`; the lines of the traceback as one text. */
export interface ErrorReport {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: string;
}

/** How a cell ended. `isKept`: later cells see what it declared. `data`: the value as MIME bundle in JSON text. */
export type Outcome =
  | { readonly status: "ok"; readonly isKept: boolean; readonly data: string | undefined }
  | { readonly status: "error"; readonly isKept: boolean; readonly report: ErrorReport };

export type StreamName = "stdout" | "stderr";

export type FromCells =
  /** Content is JSON text: what cannot be written as such fails where it was made, in the cell. */
  | { readonly kind: "publish"; readonly request: number; readonly type: string; readonly content: string }
  | { readonly kind: "stream"; readonly request: number; readonly name: StreamName; readonly text: string }
  | { readonly kind: "done"; readonly request: number; readonly outcome: Outcome };

/** File descriptors of the cells' process: what its main thread writes, and what its link thread reads and writes. */
export const descriptors = { reports: 3, link: 4 } as const;

/** The report on a cell that was stopped. */
export const stoppedReport: ErrorReport = {
  ename: "KeyboardInterrupt",
  evalue: "stopped by the user",
  traceback: "\x1b[31mKeyboardInterrupt: stopped by the user\x1b[39m",
};
