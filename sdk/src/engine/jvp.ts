// Forward-mode differentiation: while a function runs, every kernel call also pushes its inputs' tangents through a rule.
// Reverse mode is TensorFlow.js' own tape; both compose, as the rules are made of ordinary ops.
import { kernels } from "./kernels/index.js";
import type { Attributes, KernelRule, Named } from "./kernels/rule.js";
import { onceLoaded, tf } from "./tensor.js";

/** The tangents of one jvp(), by tensor id, and the jvp() around it, for derivatives of derivatives. */
interface Level {
  readonly tangents: Map<number, tf.Tensor>;
  readonly outer: Level | null;
}

let active: Level | null = null;

/** Copies that the kernel in progress makes of its outputs, which reverse mode saves before their tangents are known. */
interface Copy {
  readonly of: number;
  readonly copy: tf.Tensor;
}
let copies: Copy[] = [];

onceLoaded(() => {
  const engine = tf.engine();
  const runKernel = engine.runKernel.bind(engine);
  engine.runKernel = function <T extends tf.Tensor | tf.Tensor[]>(
    name: string,
    inputs: object,
    attributes?: object,
  ): T {
    const innermost = active;
    const call = () =>
      runKernel<T>(name, inputs as Parameters<typeof runKernel>[1], attributes as Parameters<typeof runKernel>[2]);
    // TensorFlow.js refuses to differentiate through comparisons; their derivative is zero, so they need no place on its tape.
    const isConstant = kernels[name]?.jvp === "constant" && !tf.getGradient(name);
    const around = copies;
    const made: Copy[] = [];
    copies = made;
    const result = isConstant ? untaped(call) : call();
    copies = around;
    if (name === "Identity") around.push({ of: (inputs as Named<tf.Tensor>).x!.id, copy: result as tf.Tensor });
    const outputs: tf.Tensor[] = Array.isArray(result) ? result : [result];
    forEachLevel(innermost, (tangents) => {
      push(tangents, name, inputs as Named<tf.Tensor>, outputs, (attributes ?? {}) as Attributes);
      for (const { of, copy } of made) {
        const tangent = outputs.some(({ id }) => id === of) && tangents.get(of);
        if (tangent) tangents.set(copy.id, tf.keep(tf.clone(tangent)));
      }
    });
    return result;
  };
});

/**
 * Jacobian-vector product: the value of `fn` at `primals` and its directional derivative along `tangents` (null = zero).
 * Shapes of each primal and its tangent agree. Differentiable in reverse and, by another jvp() around
 * it, in forward mode, as any other op.
 *
 * @throws Error naming the op when `fn` uses one without a forward-mode rule.
 */
export function jvp<P extends readonly tf.Tensor[], Y extends tf.Tensor>(
  fn: (...primals: P) => Y,
  primals: P,
  tangents: { readonly [K in keyof P]: tf.Tensor | null },
): [Y, Y] {
  return tf.tidy(() => {
    const known: Level["tangents"] = new Map();
    // Aliases: the same tensor may be passed twice, or be used by `fn` as a constant as well.
    const inputs = primals.map((x) => tf.clone(x)) as unknown as P;
    inputs.forEach((x, i) => tangents[i] && known.set(x.id, tangents[i]));
    const given = new Set(known.values());
    const value = at({ tangents: known, outer: active }, () => fn(...inputs));
    const found = known.get(value.id);
    const tangent = found ? tf.clone(found) : tf.zerosLike(value);
    for (const kept of known.values()) if (!given.has(kept)) kept.dispose();
    return [value, tangent as Y];
  });
}

/** The same value with no derivative, in reverse and in forward mode. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  return untaped(() => at(null, () => tf.clone(x)));
}

/**
 * Runs `op` as a unit: the kernels inside it do not push tangents; `tangent` computes the output's from the inputs' instead,
 * at least one of which is not null (zero).
 */
export function linearizedAs<Y extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  op: () => Y,
  tangent: (tangents: readonly (tf.Tensor | null)[], y: Y) => tf.Tensor,
): Y {
  const innermost = active;
  const y = at(null, op);
  forEachLevel(innermost, (tangents) => {
    const given = inputs.map(({ id }) => tangents.get(id) ?? null);
    if (given.some((dx) => dx !== null)) tangents.set(y.id, tf.keep(tangent(given, y)));
  });
  return y;
}

/** From the outermost in: what pushes a tangent through is itself differentiated by the levels around, which come first. */
function forEachLevel(level: Level | null, visit: (tangents: Level["tangents"]) => void): void {
  if (!level) return;
  forEachLevel(level.outer, visit);
  at(level.outer, () => visit(level.tangents));
}

/** Runs `fn` without recording it for reverse mode: what it returns is a constant there. */
function untaped<T>(fn: () => T): T {
  tf.engine().state.kernelDepth++;
  try {
    return fn();
  } finally {
    tf.engine().state.kernelDepth--;
  }
}

function at<T>(level: Level | null, fn: () => T): T {
  const before = active;
  active = level;
  try {
    return fn();
  } finally {
    active = before;
  }
}

function push(
  known: Level["tangents"],
  name: string,
  inputs: Named<tf.Tensor>,
  outputs: tf.Tensor[],
  attributes: Attributes,
): void {
  const tangents = Object.fromEntries(Object.entries(inputs).map(([key, x]) => [key, known.get(x.id) ?? null]));
  if (Object.values(tangents).every((tangent) => tangent === null)) return;
  const rule = kernels[name];
  if (!rule) {
    throw new Error(
      `jvp: the op ${name} has no forward-mode rule. Express the function with supported ops ` +
        `(${Object.keys(kernels).sort().join(", ")}), or wrap it with definePrimitive().`,
    );
  }
  const results = tangentsOf(rule, name, { inputs, tangents, outputs, attributes });
  results.forEach((tangent, i) => tangent && known.set(outputs[i]!.id, tf.keep(tangent)));
}

function tangentsOf(
  rule: KernelRule,
  name: string,
  linearization: Parameters<Exclude<KernelRule["jvp"], string>>[0],
): readonly (tf.Tensor | null)[] {
  if (rule.jvp === "constant") return [];
  if (rule.jvp === "linear") {
    const { inputs, tangents, attributes } = linearization;
    const entries = Object.entries(tangents).map(([key, tangent]) => [key, tangent ?? tf.zerosLike(inputs[key]!)]);
    const moved: unknown = Array.isArray(inputs) ? entries.map(([, tangent]) => tangent) : Object.fromEntries(entries);
    return [tf.engine().runKernel<tf.Tensor | tf.Tensor[]>(name, moved as never, attributes as never)].flat();
  }
  return [rule.jvp(linearization)].flat();
}
