import { expect, test } from "vitest";
import { compose } from "../../../sdk/src/config/language/compose.js";
import { nest } from "../../../sdk/src/config/language/settings.js";
import { readYaml } from "../../../sdk/src/config/language/yaml-source.js";
import { folderWith } from "../folder.js";

test("values keep the file and line they were written in", () => {
  const folder = folderWith({
    "a.yaml": "# comment\nseed: 1\ntrain:\n  batch_size: 2\n  dims: [1, 2]\nwandb:\nempty: {}\n",
  });
  const { settings } = readYaml(`${folder}/a.yaml`);
  expect([...settings].map(([path, { value, origin }]) => [path, value, origin.slice(folder.length)])).toEqual([
    ["seed", 1, "/a.yaml:2"],
    ["train.batch_size", 2, "/a.yaml:4"],
    ["train.dims", [1, 2], "/a.yaml:5"],
    ["wandb", null, "/a.yaml:6"],
    ["empty", {}, "/a.yaml:7"],
  ]);
});

test("scalars as Hydra reads them", () => {
  const folder = folderWith({ "a.yaml": "a: 1e-4\nb: True\nc: yes\nd: null\ne: .5\nf: '1'\ng: ${a}\n" });
  expect(nest(readYaml(`${folder}/a.yaml`).settings)).toEqual({
    a: 1e-4,
    b: true,
    c: "yes",
    d: null,
    e: 0.5,
    f: "1",
    g: "${a}",
  });
});

test.each([
  ["a: 1\na: 2\n", /a.yaml:2: Map keys must be unique/],
  ["a: [1\n", /a.yaml:\d: /],
  ["- 1\n", /not a mapping/],
  ["a.b: 1\n", /write a: b as nested mappings/],
  ["defaults: base\n", /defaults is not a list/],
])("%j is refused with its line", (text, message) => {
  const folder = folderWith({ "a.yaml": text });
  expect(() => readYaml(`${folder}/a.yaml`)).toThrow(message);
});

test("later defaults win over earlier ones, the file over its defaults, mappings merge, lists do not", () => {
  const folder = folderWith({
    "base/a.yaml": "x: a\ntrain: {n: 1, m: 1, dims: [1, 2, 3]}\nwandb: {project: p}\n",
    "base/b.yaml": "defaults: [base/c]\nx: b\ntrain: {n: 2}\n",
    "base/c.yaml": "y: c\nx: c\n",
    "leaf.yaml": "defaults: [base/a, base/b]\ntrain: {dims: [9]}\nwandb: null\n",
  });
  const settings = compose(`${folder}/leaf.yaml`, folder);
  expect(nest(settings)).toEqual({ x: "b", y: "c", train: { n: 2, m: 1, dims: [9] }, wandb: null });
  expect(settings.get("train.n")!.origin).toBe(`${folder}/base/b.yaml:3`);
});

test("_self_ marks the place of the file, a leading dot a path beside it", () => {
  const folder = folderWith({
    "gym/leaf.yaml": "defaults: [_self_, ./near, ../base/far]\na: leaf\nb: leaf\nc: leaf\n",
    "gym/near.yaml": "a: near\nb: near\n",
    "base/far.yaml": "a: far\n",
  });
  expect(nest(compose(`${folder}/gym/leaf.yaml`, folder))).toEqual({ a: "far", b: "near", c: "leaf" });
});

test("a missing part names the nearest one, a cycle its members", () => {
  const folder = folderWith({
    "base/hopper.yaml": "a: 1\n",
    "leaf.yaml": "x: 1\ndefaults:\n  - base/hoper\n",
    "one.yaml": "defaults: [./two]\n",
    "two.yaml": "defaults: [./one]\n",
  });
  expect(() => compose(`${folder}/leaf.yaml`, folder)).toThrow(
    /leaf.yaml:3: there is no "base\/hoper.yaml"[^]*did you mean "base\/hopper"\?/,
  );
  expect(() => compose(`${folder}/one.yaml`, folder)).toThrow(/one.yaml -> .*two.yaml -> .*one.yaml/);
});
