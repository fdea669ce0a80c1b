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
