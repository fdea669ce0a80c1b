// Element-wise kernels: ONNX node beside forward-mode rule.
import { onceLoaded, tf } from "../tensor.js";
import { sameShape, type DataType, type Graph, type Value } from "../graph.js";
import type { Attributes, KernelRule, KernelRules, Named } from "./rule.js";

type Tangent = (x: tf.Tensor, y: tf.Tensor, attributes: Attributes) => tf.Tensor;

/** One input x, one output y: `slope` is dy/dx. */
function unary(op: string, slope: Tangent | "linear" | "constant", dtype?: DataType): KernelRule {
  return {
    emit: (graph, { x }) => graph.node(op, [x!], { shape: x!.shape, dtype: dtype ?? x!.dtype }),
    jvp:
      typeof slope === "string"
        ? slope
        : ({ inputs, tangents, outputs, attributes }) => tangents.x!.mul(slope(inputs.x!, outputs[0]!, attributes)),
  };
}

/** Emits `op` on two broadcast operands; at most one is made smaller, so that the other keeps the shape of the result. */
function emitBinary(op: string, dtype?: DataType) {
  return (graph: Graph, { a, b }: Named<Value>): Value => {
    const shape = tf.broadcast_util.assertAndGetBroadcastShape([...a!.shape], [...b!.shape]);
    const left = sameShape(b!.shape, shape) ? graph.unexpanded(a!) : a!;
    const right = left === a && sameShape(a.shape, shape) ? graph.unexpanded(b!) : b!;
    return graph.node(op, [left, right], { shape, dtype: dtype ?? a!.dtype });
  };
}

type Partial = (other: { a: tf.Tensor; b: tf.Tensor; y: tf.Tensor }) => tf.Tensor | null;

/** Two inputs; `da` and `db` are the partial derivatives, null meaning 1. */
function binary(op: string, da: Partial, db: Partial): KernelRule {
  return {
    emit: emitBinary(op),
    jvp: ({ inputs, tangents, outputs }) => {
      const at = { a: inputs.a!, b: inputs.b!, y: outputs[0]! };
      const term = (tangent: tf.Tensor | null, partial: Partial) => {
        const slope = tangent && partial(at);
        return tangent && (slope ? tangent.mul(slope) : tangent);
      };
      const [left, right] = [term(tangents.a!, da), term(tangents.b!, db)];
      const sum = left && right ? left.add(right) : (left ?? right!);
      return sameShape(sum.shape, at.y.shape) ? sum : sum.broadcastTo(at.y.shape);
    },
  };
}

const one: Partial = () => null;
const asFloat = (condition: tf.Tensor) => condition.cast("float32");

const comparison = (op: string): KernelRule => ({ emit: emitBinary(op, "bool"), jvp: "constant" });

export const elementwise = {
  Neg: unary("Neg", "linear"),
  Identity: { emit: (_graph, { x }) => x!, jvp: "linear" },
  Abs: unary("Abs", (x) => x.sign()),
  Sign: unary("Sign", "constant"),
  Floor: unary("Floor", "constant"),
  Ceil: unary("Ceil", "constant"),
  Round: unary("Round", "constant"),
  Exp: unary("Exp", (_x, y) => y),
  Log: unary("Log", (x) => x.reciprocal()),
  Sqrt: unary("Sqrt", (_x, y) => tf.scalar(0.5).div(y)),
  Rsqrt: {
    emit: (graph, { x }) => {
      const root = graph.node("Sqrt", [x!], { shape: x!.shape, dtype: x!.dtype });
      return graph.node("Reciprocal", [root], { shape: x!.shape, dtype: x!.dtype });
    },
    jvp: ({ inputs, tangents, outputs }) => tangents.x!.mul(outputs[0]!.div(inputs.x!).mul(-0.5)),
  },
  Square: {
    emit: (graph, { x }) => graph.node("Mul", [x!, x!], { shape: x!.shape, dtype: x!.dtype }),
    jvp: ({ inputs, tangents }) => tangents.x!.mul(inputs.x!.mul(2)),
  },
  Reciprocal: unary("Reciprocal", (_x, y) => y.square().neg()),
  Log1p: {
    emit: (graph, { x }) => {
      const signature = { shape: x!.shape, dtype: x!.dtype };
      return graph.node("Log", [graph.node("Add", [x!, graph.scalar(1)], signature)], signature);
    },
    jvp: ({ inputs, tangents }) => tangents.x!.div(inputs.x!.add(1)),
  },
  Expm1: {
    emit: (graph, { x }) => {
      const signature = { shape: x!.shape, dtype: x!.dtype };
      return graph.node("Sub", [graph.node("Exp", [x!], signature), graph.scalar(1)], signature);
    },
    jvp: ({ tangents, outputs }) => tangents.x!.mul(outputs[0]!.add(1)),
  },
  Sin: unary("Sin", (x) => x.cos()),
  Cos: unary("Cos", (x) => x.sin().neg()),
  Tanh: unary("Tanh", (_x, y) => tf.scalar(1).sub(y.square())),
  Sigmoid: unary("Sigmoid", (_x, y) => y.mul(tf.scalar(1).sub(y))),
  Softplus: unary("Softplus", (x) => x.sigmoid()),
  Erf: unary("Erf", (x) =>
    x
      .square()
      .neg()
      .exp()
      .mul(2 / Math.sqrt(Math.PI)),
  ),
  Relu: unary("Relu", (_x, y) => asFloat(y.greater(0))),
  Elu: unary("Elu", (x, y) => tf.where(x.greater(0), tf.onesLike(x), y.add(1))),
  Step: {
    emit: (graph, { x }, { alpha }) => {
      const positive = graph.node("Greater", [x!, graph.scalar(0)], { shape: x!.shape, dtype: "bool" });
      if (alpha) {
        const signature = { shape: x!.shape, dtype: x!.dtype };
        return graph.node("Where", [positive, graph.scalar(1), graph.scalar(alpha as number)], signature);
      }
      return graph.node("Cast", [positive], { shape: x!.shape, dtype: "float32" }, { to: 1 });
    },
    jvp: "constant",
  },
  Add: binary("Add", one, one),
  Sub: {
    emit: emitBinary("Sub"),
    jvp: ({ tangents, outputs }) => {
      const { a, b } = tangents;
      const difference = a && b ? a.sub(b) : (a ?? b!.neg());
      const { shape } = outputs[0]!;
      return sameShape(difference.shape, shape) ? difference : difference.broadcastTo(shape);
    },
  },
  Multiply: binary(
    "Mul",
    ({ b }) => b,
    ({ a }) => a,
  ),
  RealDiv: binary(
    "Div",
    ({ b }) => b.reciprocal(),
    ({ b, y }) => y.div(b).neg(),
  ),
  Pow: binary(
    "Pow",
    ({ a, b }) => b.mul(a.pow(b.sub(1))),
    ({ a, y }) => y.mul(a.log()),
  ),
  Maximum: binary(
    "Max",
    ({ a, b }) => asFloat(a.greaterEqual(b)),
    ({ a, b }) => asFloat(b.greater(a)),
  ),
  Minimum: binary(
    "Min",
    ({ a, b }) => asFloat(a.lessEqual(b)),
    ({ a, b }) => asFloat(b.less(a)),
  ),
  SquaredDifference: {
    emit: (graph, inputs) => {
      const difference = emitBinary("Sub")(graph, inputs);
      return graph.node("Mul", [difference, difference], difference);
    },
    jvp: binary(
      "Sub",
      ({ a, b }) => a.sub(b).mul(2),
      ({ a, b }) => b.sub(a).mul(2),
    ).jvp,
  },
  AddN: {
    emit: (graph, inputs) => {
      const terms = Object.values(inputs);
      return terms.slice(1).reduce((sum, x) => graph.node("Add", [sum, x], sum), terms[0]!);
    },
    jvp: "linear",
  },
  Greater: comparison("Greater"),
  GreaterEqual: comparison("GreaterOrEqual"),
  Less: comparison("Less"),
  LessEqual: comparison("LessOrEqual"),
  Equal: comparison("Equal"),
  NotEqual: {
    emit: (graph, inputs) => {
      const equal = emitBinary("Equal", "bool")(graph, inputs);
      return graph.node("Not", [equal], equal);
    },
    jvp: "constant",
  },
  LogicalAnd: comparison("And"),
  LogicalOr: comparison("Or"),
  LogicalNot: unary("Not", "constant", "bool"),
  Select: {
    emit: (graph, { condition, t, e }) => {
      const shape = t!.shape;
      // tfjs allows a rank-1 condition that selects whole rows.
      const rows = condition!.shape.length === 1 && shape.length > 1;
      const mask = rows
        ? graph.reshape(condition!, [condition!.shape[0]!, ...shape.slice(1).map(() => 1)])
        : condition!;
      const branches = sameShape(mask.shape, shape) ? [t!, e!].map((x) => graph.unexpanded(x)) : [t!, e!];
      return graph.node("Where", [mask, ...branches], { shape, dtype: t!.dtype });
    },
    jvp: ({ inputs, tangents }) =>
      tf.where(
        inputs.condition as tf.Tensor,
        tangents.t ?? tf.zerosLike(inputs.t!),
        tangents.e ?? tf.zerosLike(inputs.e!),
      ),
  },
  ClipByValue: {
    emit: (graph, { x }, { clipValueMin, clipValueMax }) => {
      const bounds = [graph.scalar(clipValueMin as number), graph.scalar(clipValueMax as number)];
      return graph.node("Clip", [x!, ...bounds], { shape: x!.shape, dtype: x!.dtype });
    },
    jvp: ({ inputs, tangents, attributes: { clipValueMin, clipValueMax } }) => {
      const x = inputs.x!;
      const inside = x.greaterEqual(clipValueMin as number).logicalAnd(x.lessEqual(clipValueMax as number));
      return tangents.x!.mul(asFloat(inside));
    },
  },
  Cast: {
    emit: (graph, { x }, attributes) => {
      const dtype = attributes.dtype as DataType;
      if (x!.dtype === dtype) return x!;
      const { uniform } = x!;
      if (uniform !== undefined) {
        const whole = dtype === "bool" ? Number(uniform !== 0) : Math.trunc(uniform);
        return graph.filled(dtype === "float32" ? uniform : whole, x!.shape, dtype);
      }
      const to = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 }[dtype];
      return graph.node("Cast", [graph.bytesOf(x!) ?? x!], { shape: x!.shape, dtype }, { to });
    },
    jvp: ({ tangents, attributes }) => (attributes.dtype === "float32" ? tangents.x! : null),
  },
} satisfies KernelRules;

// The output tells the slope as well as the input, which then need not be kept beside it, so that products and activation are one call.
onceLoaded(() =>
  tf.registerGradient({
    kernelName: "Relu",
    outputsToSave: [true],
    gradFunc: (dy, [y]) => ({ x: () => (dy as tf.Tensor).mul(y!.step()) }),
  }),
);
