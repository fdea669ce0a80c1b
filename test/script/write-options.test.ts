// What editors, notebooks and docs/options.md say of options is what their schemas say.
import type { z } from "zod";
import { expect, expectTypeOf, test } from "vitest";
import { pages, stored, tables } from "../../script/write-options.js";
import type * as Types from "../../sdk/src/experiments/option-types.js";
import { optionHelp, type OptionHelp } from "../../sdk/src/option-help.js";

test.each(Object.entries(pages))("%s is as `npm run options` writes it", async (page, text) => {
  expect(await stored(page)).toBe(await text());
});

test("every option says what it does", () => {
  const silent = (options: readonly OptionHelp[], path: string): string[] =>
    options.flatMap(({ name, text, options: inner = [] }) => [
      ...(text ? [] : [`${path}.${name}`]),
      ...silent(inner, `${path}.${name}`),
    ]);
  expect(Object.entries(tables).flatMap(([name, { schema }]) => silent(optionHelp(schema), name))).toEqual([]);
});

/** The types by the names of their tables. */
interface Written {
  PretrainingInput: Types.PretrainingInput;
  PPOInput: Types.PPOInput;
  ChainInput: Types.ChainInput;
  DiffusionPathInput: Types.DiffusionPathInput;
  AWRInput: Types.AWRInput;
  RWRInput: Types.RWRInput;
  DQLInput: Types.DQLInput;
  IDQLInput: Types.IDQLInput;
  QSMInput: Types.QSMInput;
  DIPOInput: Types.DIPOInput;
  SACInput: Types.SACInput;
  MeanFlowInput: Types.MeanFlowInput;
  ReFlowInput: Types.ReFlowInput;
  ShortcutFlowInput: Types.ShortcutFlowInput;
  ConsistencyModelInput: Types.ConsistencyModelInput;
  DiffusionInput: Types.DiffusionInput;
  GaussianInput: Types.GaussianInput;
  GMMInput: Types.GMMInput;
  GRPOInput: Types.GRPOInput;
  RLPDInput: Types.RLPDInput;
  FQLInput: Types.FQLInput;
  CalQLInput: Types.CalQLInput;
  IBRLInput: Types.IBRLInput;
  OneStepInput: Types.OneStepInput;
  OneStepNetworkInput: Types.OneStepNetworkInput;
  DispersiveInput: Types.DispersiveInput;
  MeanFlowNetworkInput: Types.MeanFlowNetworkInput;
  FlowNetworkInput: Types.FlowNetworkInput;
  UnetInput: Types.UnetInput;
  VisionInput: Types.VisionInput;
  ShortcutNetworkInput: Types.ShortcutNetworkInput;
  ConsistencyNetworkInput: Types.ConsistencyNetworkInput;
  GaussianNetworkInput: Types.GaussianNetworkInput;
  GaussianTransformerInput: Types.GaussianTransformerInput;
  GMMNetworkInput: Types.GMMNetworkInput;
  GMMTransformerInput: Types.GMMTransformerInput;
}
type Inferred = {
  [Name in keyof typeof tables]: Omit<
    z.input<(typeof tables)[Name]["schema"]>,
    "horizonSteps" | "actionDim" | "condDim"
  >;
};

/** Without readonly, which schemas do not say. */
type Writable<T> = T extends (...given: never[]) => unknown ? T : { -readonly [Key in keyof T]: Writable<T[Key]> };

type Keys<T> = { [Name in keyof T]: keyof T[Name] };

test("the types are those that the schemas infer", () => {
  expectTypeOf<Inferred>().toExtend<Written>();
  expectTypeOf<Writable<Written>>().toExtend<Writable<Inferred>>();
  expectTypeOf<Keys<Written>>().toEqualTypeOf<Keys<Inferred>>();
});

test("ranges, defaults and what stands in an object", () => {
  const [gamma, noise, clamp] = ["gamma", "noise", "logProbRange"].map((wanted) =>
    optionHelp(tables.PPOInput.schema).find(({ name }) => name === wanted),
  );
  expect(gamma).toMatchObject({ type: "number", range: "from 0 to 1", default: "0.99", text: "discount per chunk" });
  expect(noise?.options?.map(({ name }) => name)).toContain("minStd");
  expect(clamp).toMatchObject({ type: "readonly [number, number] | null", default: "null" });
});
