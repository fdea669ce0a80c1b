// What the two threads of the kernel tell each other. The main thread runs cells; the wire thread owns the sockets,
// so that the stop button, the heartbeat and the output work while a cell blocks the main thread.

/** A request that the main thread answers; `id` names it in every message about it. */
export interface KernelRequest {
  readonly id: number;
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
}

export type ToKernel =
  | { readonly kind: "request"; readonly request: KernelRequest }
  | { readonly kind: "interrupt"; readonly at: number }
  | { readonly kind: "shutdown" }
  /** The sockets are closed; the process may end. */
  | { readonly kind: "closed" };

export type ToWire = { readonly kind: "interrupt" } | { readonly kind: "close" } | Report;

/** What becomes of a request. */
export type Report =
  /** Content is JSON text: what cannot be cloned fails where it was made, in the cell. */
  | { readonly kind: "publish"; readonly request: number; readonly type: string; readonly content: string }
  | { readonly kind: "stream"; readonly request: number; readonly name: "stdout" | "stderr"; readonly text: string }
  | {
      readonly kind: "reply";
      readonly request: number;
      readonly content: string;
      /** Cells that wait are dropped. */
      readonly abortQueue: boolean;
    };

export interface Connection {
  readonly transport: string;
  readonly ip: string;
  readonly key: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly control_port: number;
  readonly stdin_port: number;
  readonly hb_port: number;
}

/** What the wire thread is given at its start. */
export interface WireSettings {
  readonly connection: Connection;
  readonly activity: SharedArrayBuffer;
  readonly typescriptVersion: string;
}
