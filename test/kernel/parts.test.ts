// The kernel's parts that need no process.
import { describe, expect, test } from "vitest";
import { formatValue } from "../../kernel-ext/src/display/format-value.js";
import { toCodePoints, toUtf16 } from "../../kernel-ext/src/language/code-points.js";
import { encodeFrame, FrameReader } from "../../kernel-ext/src/frames.js";
import { completenessOf } from "../../kernel-ext/src/language/completeness.js";
import { withoutExports } from "../../kernel-ext/src/language/exports.js";
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
  const codec = new MessageCodec({ key: "key" });
  const frames = codec.encode("test", '{"a":1}', undefined, [Buffer.from("id")]);
  const { header, content, identities } = codec.decode(frames);
  expect([header.msg_type, content, String(identities[0])]).toEqual(["test", { a: 1 }, "id"]);
  expect(() => new MessageCodec({ key: "other" }).decode(frames)).toThrow("wrong signature");
});

// Computed by Python: hmac.new(b"key", b'{"a":1}{}{}{"b":2}', getattr(hashlib, name)).hexdigest()
test.each([
  ["md5", "0e062f69ea620fc271bb7cff67f021bd"],
  ["sha1", "28c8d445ef8b3f635c2a51d4ee98c48fdb910cb0"],
  ["sha256", "0206f42f4ae2a48f6054ab91271f90c100f7022f55fb1f23de6377624d533752"],
  ["sha3_256", "e82ede1d43e72cbe3411d2544288a5f73a3c7adff1c8f810d486756666a17feb"],
  [
    "sha512",
    "2997abca549834b2d8e14e3d8b9f713bf28efccf45c26244117fbdded43ba3b1ab28c561d2b5081bc1746314d3480c72eda79e0dd4f290a270caabd8dbff6b85",
  ],
  [
    "blake2b",
    "1db083692db5d177351aad7ac140fbe9054eb22007ac9b0625e3940ef2b0d3f85cbf2657b20fb9d49fa535afe9b186f15affce31c12cc56ac396c03779719150",
  ],
  ["blake2s", "dcde2f433782c473e6320491a98bf823b67ff5b159a1018648e780a4d822d4ba"],
])("signs with hmac-%s as Python does", (name, signature) => {
  const codec = new MessageCodec({ key: "key", signature_scheme: `hmac-${name}` });
  const parts = ['{"a":1}', "{}", "{}", '{"b":2}'].map((part) => Buffer.from(part));
  const frames = [Buffer.from("<IDS|MSG>"), Buffer.from(signature), ...parts];
  expect(codec.decode(frames).content).toEqual({ b: 2 });
});

test("a scheme that nobody knows is refused by name", () => {
  expect(() => new MessageCodec({ key: "key", signature_scheme: "hmac-sha257" })).toThrow('"hmac-sha257"');
  expect(() => new MessageCodec({ key: "key", signature_scheme: "none" })).toThrow('"none"');
});

test("half a surrogate pair becomes the replacement character, whole pairs and backslashes stay", () => {
  const codec = new MessageCodec({ key: "" });
  const sent = { a: "\ud83d!", b: "😀", c: "\\ud83d", d: "\\\ud83d" };
  const content = codec.encode("test", JSON.stringify(sent), undefined, []).at(-1)!;
  expect(JSON.parse(content.toString())).toEqual({ a: "\ufffd!", b: "😀", c: "\\ud83d", d: "\\\ufffd" });
});

test("frames arrive whole, however the pipe cuts them", () => {
  const messages = [{ a: 1 }, "x".repeat(1000), { text: "\ud83d", list: [1, 2] }];
  const bytes = Buffer.concat(messages.map(encodeFrame));
  for (const size of [1, 3, 7, 500, bytes.length]) {
    const reader = new FrameReader();
    const received: unknown[] = [];
    for (let at = 0; at < bytes.length; at += size) received.push(...reader.read(bytes.subarray(at, at + size)));
    expect(received).toEqual(messages);
  }
});

test.each([
  ["export const a = 1;", "const a = 1;"],
  ["export default 7", "7"],
  ["export default function named() {}", "function named() {}"],
  ["export default function () {}", "0, function () {}"],
  ["const a = 1; export { a };", "const a = 1;"],
  ["export { join } from 'node:path'", "import 'node:path'"],
  ["export * from './x'", "import './x'"],
  ["export type { A } from './x'; 1", "1"],
  ["namespace N { export const a = 1 }", "namespace N { export const a = 1 }"],
  ["'export'", "'export'"],
])("%s in a cell", (code, without) => {
  const text = withoutExports(code);
  expect(text.replace(/ +/g, " ").trim()).toBe(without);
  expect(text).toHaveLength(code.length);
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
