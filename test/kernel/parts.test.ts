// The kernel's parts that need no process.
import { describe, expect, test } from "vitest";
import { formatValue } from "../../kernel-ext/src/display/format-value.js";
import { toCodePoints, toUtf16 } from "../../kernel-ext/src/language/code-points.js";
import { completenessOf } from "../../kernel-ext/src/language/completeness.js";
import { calledName } from "../../kernel-ext/src/language/inspection.js";
import { MessageCodec } from "../../kernel-ext/src/wire/message.js";
import { StreamMerger } from "../../kernel-ext/src/wire/stream-merger.js";

describe("formatValue", () => {
  test.each<[string, unknown, string]>([
    ["typed array", Float32Array.of(0.1, 2, 3), "Float32Array float32 (3) [0.1, 2, 3]"],
    ["long typed array", new Int32Array(1000), "Int32Array int32 (1000) [0, 0, 0, 0, 0, 0, 0, 0, …]"],
    ["host tensor", { data: Float32Array.of(1, 2), shape: [2, 1] }, "Tensor float32 (2 × 1) [1, 2]"],
    [
      "tensor that cannot be read",
      {
        dtype: "int32",
        shape: [4],
        data: () => undefined,
        dataSync: () => {
          throw new Error("traced");
        },
      },
      "Tensor int32 (4)",
    ],
    ["Buffer", Buffer.from("a"), "<Buffer 61>"],
    ["string", "as it is", "as it is"],
  ])("%s", (_, value, text) => {
    expect(formatValue(value)).toBe(text);
  });
});

test("positions in code points", () => {
  expect(toUtf16("a😀b", 2)).toBe(3);
  expect(toCodePoints("a😀b", 3)).toBe(2);
  expect(toUtf16("ab", 9)).toBe(2);
});

test.each([
  ["const a = 1", "complete"],
  ["for (;;) {", "incomplete"],
  ["f(", "incomplete"],
  ["1 +", "incomplete"],
  ["const a = `x", "incomplete"],
  ["/* open", "incomplete"],
  ["1 + )", "invalid"],
])("is %j complete: %s", (code, status) => {
  expect(completenessOf(code).status).toBe(status);
});

test("the name of the call around a position", () => {
  expect(calledName("f(g(1), [2], ", 13)).toBe(0);
  expect(calledName("f([2, ", 6)).toBeUndefined();
  expect(calledName("f(1)", 4)).toBeUndefined();
});

test("messages survive signing, and a wrong key is refused", () => {
  const codec = new MessageCodec("key");
  const frames = codec.encode("test", '{"a":1}', undefined, [Buffer.from("id")]);
  const { header, content, identities } = codec.decode(frames);
  expect([header.msg_type, content, String(identities[0])]).toEqual(["test", { a: 1 }, "id"]);
  expect(() => new MessageCodec("other").decode(frames)).toThrow("wrong signature");
});

test("writes are joined, but not over a change of stream", () => {
  const published: string[] = [];
  const merger = new StreamMerger((_, name, text) => published.push(`${name}:${text}`));
  merger.write(1, "stdout", "a");
  merger.write(1, "stdout", "b");
  merger.write(1, "stderr", "c");
  merger.flush();
  expect(published).toEqual(["stdout:ab", "stderr:c"]);
});
