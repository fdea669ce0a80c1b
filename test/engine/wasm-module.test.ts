// The committed WebAssembly must be what its sources compile to.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("wasm-binary.ts is up to date with sdk/assembly", () => {
  const script = fileURLToPath(new URL("../../script/build-wasm.mjs", import.meta.url));
  expect(() => execFileSync(process.execPath, [script, "--check"])).not.toThrow();
});
