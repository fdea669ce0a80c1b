// How a value shows itself in a notebook: the convention of Deno's and other TypeScript kernels.

/** One output in several forms, by MIME type; pictures as base64, JSON as plain values. A page shows the richest it can. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** A method under this symbol returns the value's {@link MimeBundle}, or a promise of it. */
export const displayMethod = Symbol.for("Jupyter.display");

/** Gives `target`, an object or a prototype, a method that shows it. It stays out of JSON, copies and comparisons. */
export function showsAs<T extends object>(target: T, show: (value: T) => MimeBundle | Promise<MimeBundle>): T {
  return Object.defineProperty(target, displayMethod, {
    value(this: T) {
      return show(this);
    },
    configurable: true,
    writable: true,
  });
}
