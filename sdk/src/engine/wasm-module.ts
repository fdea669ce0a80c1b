// The compiled loops of sdk/assembly, instantiated over a memory that the caller owns.
import { wasmBinary } from "./wasm-binary.js";

/** Exports of sdk/assembly; addresses and lengths as described there. */
export interface WasmLoops {
  philox(target: number, blocks: number, ...counterAndKey: readonly number[]): void;
  sumOfSquares(vector: number, length: number): number;
  adam(
    weights: number,
    gradient: number,
    firstMoment: number,
    secondMoment: number,
    length: number,
    gradientScale: number,
    l2: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    keep: number,
    stepSize: number,
    rootScale: number,
    epsilon: number,
  ): void;
  blend(target: number, source: number, length: number, keep: number, scale: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** The loops working on `memory`. The module is compiled once. */
export function wasmLoops(memory: WebAssembly.Memory): WasmLoops {
  compiled ??= new WebAssembly.Module(Buffer.from(wasmBinary, "base64"));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as WasmLoops;
}
