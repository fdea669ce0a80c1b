// Convolutions of pictures, channels first, and their gradients. Each of the three is linear in both of its inputs, and the
// derivatives of any are the other two.
import type { Graph, Value } from "../graph.js";
import { onceLoaded, tf } from "../tensor.js";
import type { Attributes, KernelRules, Linearization } from "./rule.js";

type Shape4 = [number, number, number, number];

/** Sizes of a convolution of pictures (B, C, H, W) with filters (kh, kw, C, O), as TensorFlow.js has them. */
function sizesOf(x: readonly number[], filter: readonly number[], { strides, pad, dataFormat, dilations }: Attributes) {
  if (dataFormat !== "NCHW")
    throw new Error('convolutions have their channels last; compiled ones want them first: dataFormat "NCHW"');
  if (dilations !== undefined && [dilations].flat().some((n) => n !== 1))
    throw new Error("filters are dilated; compiled ones are not");
  const info = tf.backend_util.computeConv2DInfo(
    [...x] as Shape4,
    [...filter] as Shape4,
    strides as number,
    1,
    pad as number,
    undefined,
    false,
    "channelsFirst",
  );
  const { top, bottom, left, right } = info.padInfo;
  return {
    output: info.outShape,
    strides: [info.strideHeight, info.strideWidth] as const,
    pads: [top, left, bottom, right] as const,
  };
}

const moved = (graph: Graph, x: Value, perm: readonly number[]) =>
  graph.node("Transpose", [x], { shape: perm.map((axis) => x.shape[axis]!), dtype: x.dtype }, { perm });

/** (kh, kw, C, O) as ONNX and PyTorch have it, (O, C, kh, kw). */
const outputsFirst = (graph: Graph, filter: Value) => moved(graph, filter, [3, 2, 0, 1]);

/** The rule of a product: `apply` with the tangent of one input or the other. */
const bilinear =
  (a: string, b: string) =>
  ({ inputs, tangents, attributes }: Linearization, name: string) => {
    const apply = (left: tf.Tensor, right: tf.Tensor) =>
      tf.engine().runKernel<tf.Tensor>(name, { [a]: left, [b]: right }, attributes as never);
    const first = tangents[a] && apply(tangents[a], inputs[b]!);
    const second = tangents[b] && apply(inputs[a]!, tangents[b]);
    return first && second ? first.add(second) : (first ?? second ?? null);
  };
const products = {
  Conv2D: bilinear("x", "filter"),
  Conv2DBackpropInput: bilinear("dy", "filter"),
  Conv2DBackpropFilter: bilinear("x", "dy"),
};

export const convolution = {
  Conv2D: {
    emit: (graph, { x, filter }, attributes) => {
      const { output, strides, pads } = sizesOf(x!.shape, filter!.shape, attributes);
      const signature = { shape: output, dtype: x!.dtype };
      return graph.node("Conv", [x!, outputsFirst(graph, filter!)], signature, { strides, pads });
    },
    jvp: (at) => products.Conv2D(at, "Conv2D"),
  },
  Conv2DBackpropInput: {
    emit: (graph, { dy, filter }, attributes) => {
      const shape = attributes.inputShape as number[];
      const { strides, pads } = sizesOf(shape, filter!.shape, attributes);
      if (dy!.uniform === 0) return graph.filled(0, shape);
      // Entries that no stride reached have gradient zero.
      const [top, left, bottom, right] = pads;
      const reached = [0, 1].map((i) => (dy!.shape[2 + i]! - 1) * strides[i]! + filter!.shape[i]!);
      const output_padding = [shape[2]! + top + bottom - reached[0]!, shape[3]! + left + right - reached[1]!];
      const signature = { shape, dtype: dy!.dtype };
      return graph.node("ConvTranspose", [dy!, outputsFirst(graph, filter!)], signature, {
        ...{ strides, pads, output_padding },
      });
    },
    jvp: (at) => products.Conv2DBackpropInput(at, "Conv2DBackpropInput"),
  },
  Conv2DBackpropFilter: {
    emit: (graph, { x, dy }, attributes) => {
      const shape = attributes.filterShape as Shape4;
      const { strides, pads } = sizesOf(x!.shape, shape, attributes);
      if (dy!.uniform === 0) return graph.filled(0, shape);
      // Batch and channels change places: a convolution of pictures by gradients, whose entries lie a stride apart. What the
      // last stride did not reach makes its output larger than the filter.
      const [height, width, channels, outputs] = shape;
      const extents = [0, 1].map(
        (i) => x!.shape[2 + i]! + pads[i]! + pads[2 + i]! - (dy!.shape[2 + i]! - 1) * strides[i]!,
      );
      const full = graph.node(
        "Conv",
        [moved(graph, x!, [1, 0, 2, 3]), moved(graph, dy!, [1, 0, 2, 3])],
        { shape: [channels, outputs, ...extents], dtype: x!.dtype },
        { dilations: strides, pads },
      );
      const isWhole = extents[0] === height && extents[1] === width;
      const signature = { shape: [channels, outputs, height, width], dtype: x!.dtype };
      const [begin, end, axes] = [
        [0, 0],
        [height, width],
        [2, 3],
      ].map((values) => graph.indices(values));
      const cropped = isWhole ? full : graph.node("Slice", [full, begin!, end!, axes!], signature);
      return moved(graph, cropped, [2, 3, 0, 1]);
    },
    jvp: (at) => products.Conv2DBackpropFilter(at, "Conv2DBackpropFilter"),
  },
} satisfies KernelRules;

// The only one of the three that TensorFlow.js cannot differentiate.
onceLoaded(() =>
  tf.registerGradient({
    kernelName: "Conv2DBackpropFilter",
    inputsToSave: ["x", "dy"],
    gradFunc(gradient, [x, dy], attributes) {
      const { strides, pad, dataFormat } = attributes as { strides: number; pad: number; dataFormat: "NCHW" };
      const filter = gradient as tf.Tensor4D;
      const at = { strides, pad, dataFormat, dimRoundingMode: undefined };
      const run = (name: string, inputs: object, more: object) =>
        tf.engine().runKernel<tf.Tensor>(name, inputs as never, { ...at, ...more } as never);
      return {
        x: () => run("Conv2DBackpropInput", { dy, filter }, { inputShape: x!.shape }),
        dy: () => run("Conv2D", { x, filter }, { dilations: 1 }),
      };
    },
  }),
);
