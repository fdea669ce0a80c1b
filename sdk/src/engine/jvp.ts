// Forward-mode differentiation: while a function runs, every kernel call also pushes its inputs' tangents through a rule.
// Reverse mode is TensorFlow.js' own tape; both compose, as the rules are made of ordinary ops.
import { kernels } from "./kernels/index.js";
import type { Attributes, KernelRule, Named } from "./kernels/rule.js";
import { tf } from "./tensor.js";

/** The tangents known so far, by tensor id. */
type Tangents = Map<number, tf.Tensor>;

let active: Tangents | null = null;

const engine = tf.engine();
const runKernel = engine.runKernel.bind(engine);

engine.runKernel = function <T extends tf.Tensor | tf.Tensor[]>(name: string, inputs: object, attributes?: object): T {
  const tangents = active;
  const call = () =>
    runKernel<T>(name, inputs as Parameters<typeof runKernel>[1], attributes as Parameters<typeof runKernel>[2]);
  // TensorFlow.js refuses to differentiate through comparisons; their derivative is zero, so they need no place on its tape.
  const isConstant = kernels[name]?.jvp === "constant" && !tf.getGradient(name);
  const result = isConstant ? untaped(call) : call();
  if (tangents) {
    withTangents(null, () =>
      push(
        tangents,
        name,
        inputs as Named<tf.Tensor>,
        Array.isArray(result) ? result : [result],
        (attributes ?? {}) as Attributes,
      ),
    );
  }
  return result;
};

/**
 * Jacobian-vector product: the value of `fn` at `primals` and its directional derivative along `tangents` (null = zero).
 * Shapes of each primal and its tangent agree. Differentiable in reverse mode, as any other op.
 *
 * @throws Error naming the op when `fn` uses one without a forward-mode rule.
 */
export function jvp<P extends readonly tf.Tensor[], Y extends tf.Tensor>(
  fn: (...primals: P) => Y,
  primals: P,
  tangents: { readonly [K in keyof P]: tf.Tensor | null },
): [Y, Y] {
  return tf.tidy(() => {
    const known: Tangents = new Map();
    // Aliases: the same tensor may be passed twice, or be used by `fn` as a constant as well.
    const inputs = primals.map((x) => tf.clone(x)) as unknown as P;
    inputs.forEach((x, i) => tangents[i] && known.set(x.id, tangents[i]));
    const given = new Set(known.values());
    const value = withTangents(known, () => fn(...inputs));
    const found = known.get(value.id);
    const tangent = found ? tf.clone(found) : tf.zerosLike(value);
    for (const kept of known.values()) if (!given.has(kept)) kept.dispose();
    return [value, tangent as Y];
  });
}

/** The same value with no derivative, in reverse and in forward mode. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  return untaped(() => withTangents(null, () => tf.clone(x)));
}

/** Runs `op` as a unit: the kernels inside it do not push tangents; `tangent` computes the output's from x's instead. */
export function linearizedAs(x: tf.Tensor, op: () => tf.Tensor, tangent: (dx: tf.Tensor) => tf.Tensor): tf.Tensor {
  const tangents = active;
  const y = withTangents(null, op);
  const dx = tangents?.get(x.id);
  if (tangents && dx) tangents.set(y.id, tf.keep(withTangents(null, () => tangent(dx))));
  return y;
}

/** Runs `fn` without recording it for reverse mode: what it returns is a constant there. */
function untaped<T>(fn: () => T): T {
  engine.state.kernelDepth++;
  try {
    return fn();
  } finally {
    engine.state.kernelDepth--;
  }
}

function withTangents<T>(tangents: Tangents | null, fn: () => T): T {
  const outer = active;
  active = tangents;
  try {
    return fn();
  } finally {
    active = outer;
  }
}

function push(
  known: Tangents,
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
  at: Parameters<Exclude<KernelRule["jvp"], string>>[0],
): readonly (tf.Tensor | null)[] {
  if (rule.jvp === "constant") return [];
  if (rule.jvp === "linear") {
    const entries = Object.entries(at.tangents).map(([key, tangent]) => [
      key,
      tangent ?? tf.zerosLike(at.inputs[key]!),
    ]);
    const moved: unknown = Array.isArray(at.inputs)
      ? entries.map(([, tangent]) => tangent)
      : Object.fromEntries(entries);
    return [runKernel<tf.Tensor | tf.Tensor[]>(name, moved as never, at.attributes as never)].flat();
  }
  return [rule.jvp(at)].flat();
}
