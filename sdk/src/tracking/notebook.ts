// The notebook that this process is the kernel of, if it is one: the kernel puts an object where this file looks for it.

/** One output in several forms, by MIME type; pictures as base64, JSON as plain values. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** What a notebook kernel offers to running code. */
export interface Notebook {
  /** Shows an output below the running cell. With `update`, the output of the same `id` is replaced in place. */
  display(
    bundle: MimeBundle,
    options?: {
      readonly id?: string;
      readonly update?: boolean;
      readonly metadata?: Readonly<Record<string, unknown>>;
    },
  ): void;
  /** Removes the outputs of the running cell; with `wait`, when the next one comes. */
  clear(wait?: boolean): void;
  /** Of the running cell; aborts when the stop button is pressed. Reading it says that the code will end by itself. */
  readonly signal: AbortSignal;
}

/** The kernel that runs this code; undefined outside a notebook. */
export function notebook(): Notebook | undefined {
  return (globalThis as { [key: symbol]: Notebook | undefined })[Symbol.for("dmpo.notebook")];
}
