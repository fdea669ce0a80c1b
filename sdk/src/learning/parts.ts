// What a run consists of: named pieces that can be stored and put back. A checkpoint is all of them, so that a run continues
// exactly whatever its algorithm is.
import type { HostTensor } from "../engine/tensor.js";
import { fail } from "../errors.js";

/** Copies of everything that a piece needs to continue. */
export interface PartState {
  /** Arrays of numbers, by name. */
  readonly vectors?: Readonly<Record<string, HostTensor["data"]>>;
  /** The rest, a JSON value. */
  readonly values?: unknown;
}

/** A piece of a run. State is passed on between programs as it is: `restore` takes what `state` of the same piece gave. */
export interface Stateful {
  /** Copies, which later training does not change. */
  state(): PartState;
  // Each piece knows its own state; as a method, so that pieces with different states are all Stateful.
  /** Puts back what {@link state} gave, in this program or an earlier one. */
  restore(state: PartState): void;
}

/** The pieces of a run, by the names under which checkpoints hold them. */
export type Parts = Readonly<Record<string, Stateful>>;

/** A few values that a page changes as it runs, kept as a piece: plain JSON in `current`. */
export class Values<T extends object> implements Stateful {
  constructor(
    /** May be changed in place or replaced. */
    public current: T,
  ) {}

  /** A copy of the values. */
  state(): { readonly values: T } {
    return { values: structuredClone(this.current) };
  }

  /** Replaces `current` by a copy. */
  restore({ values }: { readonly values: T }): void {
    this.current = structuredClone(values);
  }
}

/** The states of all parts. */
export function statesOf(parts: Parts): Record<string, PartState> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.state()]));
}

/** Puts every part back. @throws InputError naming parts that `states` lacks. */
export function restoreParts(parts: Parts, states: Readonly<Record<string, PartState>>): void {
  for (const [name, part] of Object.entries(parts)) {
    const state = Object.hasOwn(states, name) ? states[name] : undefined;
    if (!state) {
      const remedy = "resume with the run's own configuration";
      fail("DMPO_RESUME", `the checkpoint's ${name}`, "is missing", "a part of this name", remedy);
    }
    part.restore(state);
  }
}
