// YAML that does not end, multiplies or refers to nothing: errors with the line.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readYaml } from "../../../sdk/src/config/language/yaml-source.js";
import { InputError } from "../../../sdk/src/errors.js";
import { temporaryFolder } from "../../data/temporary-folder.js";

const folder = temporaryFolder();
const read = (text: string) => {
  const path = join(folder, "file.yaml");
  writeFileSync(path, text);
  return () => readYaml(path);
};

test("aliases stand for what they name", () => {
  const { settings } = read("a: &a [1, 2]\nb: *a\n")();
  expect(settings.get("b")).toMatchObject({ value: [1, 2] });
});

const bomb = ["a0: &a0 [1]", ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`)];

test.each([
  ["an alias of nothing", "a: 1\nb: *c\n", "file.yaml:2: the alias *c names nothing above it"],
  [
    "an alias inside of what it names",
    "a: &a\n  b: { <<: *a }\n",
    "file.yaml:2: the alias *a is part of what it names",
  ],
  ["aliases that multiply", bomb.join("\n"), "Excessive alias count"],
])("%s is an error", (_, text, message) => {
  expect(read(text)).toThrow(InputError);
  expect(read(text)).toThrow(message);
});

test("<< brings in mappings; own keys win, then earlier mappings", () => {
  const { settings } = read(
    "a: &a { x: 1, y: 1, in: { p: 1 } }\nb: &b { y: 2, z: 2 }\nc:\n  y: 0\n  <<: *a\nd: { <<: [*a, *b] }\n",
  )();
  const values = Object.fromEntries([...settings].map(([path, { value }]) => [path, value]));
  expect(values).toMatchObject({ "c.x": 1, "c.y": 0, "c.in.p": 1, "d.x": 1, "d.y": 1, "d.z": 2 });
  expect(read("a:\n  <<: 5\n")).toThrow("file.yaml:2: << is followed by what is no mapping");
});

test("what is not UTF-8 is an error with its line", () => {
  const path = join(folder, "latin.yaml");
  writeFileSync(path, Buffer.from("a: 1\nname: \xe4\n", "latin1"));
  expect(() => readYaml(path)).toThrow(/latin.yaml:2: is not UTF-8 text/);
  writeFileSync(path, "\uFEFFa: 1\n");
  expect(readYaml(path).settings.get("a")).toMatchObject({ value: 1 });
});
