// The flat parameter vector: places, initial values, views.
import { expect, test } from "vitest";
import { constant, normal, ones, ParameterLayout, torchLinear, zeros } from "../../sdk/src/engine/parameters.js";
import { Random } from "../../sdk/src/engine/random.js";

const layout = new ParameterLayout([
  { name: "layer.weight", shape: [50, 100], initialise: torchLinear(100) },
  { name: "layer.bias", shape: [50], initialise: torchLinear(100) },
  { name: "norm.weight", shape: [3], initialise: ones },
  { name: "norm.bias", shape: [3], initialise: zeros },
  { name: "scalar", shape: [], initialise: constant(-1.5) },
  { name: "table", shape: [40, 50], initialise: normal(0.02) },
]);

const rootMeanSquare = (values: ArrayLike<number>) => Math.hypot(...Array.from(values)) / Math.sqrt(values.length);

test("parameters are packed densely in the order given", () => {
  expect(layout.entries.map(({ offset }) => offset)).toEqual([0, 5000, 5050, 5053, 5056, 5057]);
  expect(layout.size).toBe(7057);
});

test("initial values follow each parameter's rule", () => {
  const views = layout.views(layout.initialise(new Random(3).stream("weights")));
  const weight = views["layer.weight"]!.data;
  expect(weight.every((w) => Math.abs(w) <= 0.1)).toBe(true);
  expect(Math.max(...weight)).toBeGreaterThan(0.099);
  expect(rootMeanSquare(weight)).toBeCloseTo(0.1 / Math.sqrt(3), 2);
  expect([...views["norm.weight"]!.data, ...views["norm.bias"]!.data]).toEqual([1, 1, 1, 0, 0, 0]);
  expect(views["scalar"]).toEqual({ data: new Float32Array([-1.5]), shape: [] });
  const table = views["table"]!.data;
  expect(rootMeanSquare(table)).toBeCloseTo(0.02, 2);
});

test("equal seeds give equal weights", () => {
  const draw = () => layout.initialise(new Random(3).stream("weights"));
  expect(draw()).toEqual(draw());
});

test("views share memory with the vector", () => {
  const vector = new Float32Array(layout.size);
  layout.views(vector)["layer.bias"]!.data[49] = 7;
  expect(vector[5049]).toBe(7);
});

test("errors name the parameter", () => {
  const spec = { name: "w", shape: [2], initialise: zeros };
  expect(() => new ParameterLayout([spec, spec])).toThrow("w: used by two parameters");
  expect(() => new ParameterLayout([{ ...spec, shape: [2, 0] }])).toThrow("w: has shape [2, 0]");
  expect(() => layout.views(new Float32Array(3))).toThrow("has 3 elements");
});
