// Where configurations are looked for, what is listed, and what is said of a folder or a name that is not there.
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  configNames,
  locateConfig,
  partNames,
  projectConfigRoot,
  shownPath,
} from "../../../sdk/src/config/run/locations.js";
import { folderWith } from "../folder.js";
import { inputErrorOf } from "../input-error.js";

const hopper = "gym/pretrain/hopper-medium-v2";

test.each(["x", "x.yaml", "x.yml"])("%s names x.yaml", (name) => {
  const folder = folderWith({ "cfg/mine/deep/x.yaml": "" });
  expect(locateConfig(join(folder, "cfg/mine/deep"), name)).toEqual({
    file: join(folder, "cfg/mine/deep/x.yaml"),
    root: join(folder, "cfg"),
    notice: undefined,
  });
});

test("a folder outside any cfg takes its parts from the project's", () => {
  const folder = folderWith({ "x.yaml": "" });
  expect(locateConfig(folder, "x").root).toBe(projectConfigRoot);
});

test.each([`cfg/${hopper}`, `./cfg/${hopper}`])("%s is the project's, from its own folder", (directory) => {
  expect(locateConfig(directory, "pre_meanflow_mlp")).toEqual({
    file: join(projectConfigRoot, hopper, "pre_meanflow_mlp.yaml"),
    root: projectConfigRoot,
    notice: undefined,
  });
});

test.each([hopper, `elsewhere/cfg/${hopper}`])("%s is found in the project, which is said", (directory) => {
  expect(locateConfig(directory, "pre_meanflow_mlp")).toEqual({
    file: join(projectConfigRoot, hopper, "pre_meanflow_mlp.yaml"),
    root: projectConfigRoot,
    notice: `"${directory}" is not below the working directory; using cfg/${hopper}`,
  });
});

test.each([
  [
    "cfg/gym/pretrain/hoper-medium-v2",
    '--config-dir: "cfg/gym/pretrain/hoper-medium-v2" does not exist\n  expected a folder with configurations\n' +
      `  did you mean --config-dir=cfg/${hopper}?`,
  ],
  [
    "entirely/elsewhere/without/any/likeness/to/what/there/is",
    '--config-dir: "entirely/elsewhere/without/any/likeness/to/what/there/is" does not exist\n' +
      "  expected a folder with configurations\n  `dmpo configs` lists all configurations",
  ],
  // A file is no folder.
  [
    `cfg/${hopper}/pre_meanflow_mlp.yaml`,
    `--config-dir: "cfg/${hopper}/pre_meanflow_mlp.yaml" does not exist\n  expected a folder with configurations\n` +
      `  did you mean --config-dir=cfg/${hopper}?`,
  ],
])("the folder %s", (directory, message) => {
  const error = inputErrorOf(() => locateConfig(directory, "x"));
  expect(error.code).toBe("DMPO_CONFIG_NOT_FOUND");
  expect(error.message).toBe(message);
});

test("a name that is not in its folder: what is, sorted, and the nearest", () => {
  const folder = folderWith({ "second.yaml": "", "first.yaml": "", "notes.txt": "", "third.yml": "" });
  const error = inputErrorOf(() => locateConfig(folder, "secnd"));
  expect(error.code).toBe("DMPO_CONFIG_NOT_FOUND");
  expect(error.message).toBe(
    `--config-name: "secnd" is not in ${folder}\n  expected one of first, second\n  did you mean "second"?`,
  );
  expect(inputErrorOf(() => locateConfig(folder, "entirely different")).message).toBe(
    `--config-name: "entirely different" is not in ${folder}\n  expected one of first, second`,
  );
  expect(inputErrorOf(() => locateConfig(folderWith({ "notes.txt": "" }), "x")).message).toContain(
    "expected a folder that contains .yaml files",
  );
});

test("all configurations and all parts of a root, sorted", () => {
  const root = folderWith({
    "gym/b.yaml": "",
    "gym/a.yaml": "",
    "base/z.yaml": "",
    "base/policy/y.yaml": "",
    "baseline/x.yaml": "",
    "gym/readme.md": "",
  });
  expect(configNames(root)).toEqual(["baseline/x", "gym/a", "gym/b"]);
  expect(partNames(root)).toEqual(["base/policy/y", "base/z"]);
  expect(configNames(join(root, "absent"))).toEqual([]);
});

test("a path is shown from the working directory where it lies below", () => {
  expect(shownPath(join(process.cwd(), "a", "b.yaml"))).toBe("a/b.yaml");
  expect(shownPath("/elsewhere/b.yaml")).toBe("/elsewhere/b.yaml");
});
