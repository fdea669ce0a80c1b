// Addresses: repositories, short forms, revisions, and what is refused.
import { expect, test } from "vitest";
import { InputError } from "../../sdk/src/errors.js";
import { isAddress, parseAddress } from "../../sdk/src/hub/address.js";

test.each([
  ["hf://org/repo/a/b.pt", "model", "org/repo", "a/b.pt", "main"],
  ["hf://org/repo/a/b.pt@v1.0", "model", "org/repo", "a/b.pt", "v1.0"],
  ["hf://org/repo@refs%2Fpr%2F3/b.pt", "model", "org/repo", "b.pt", "refs/pr/3"],
  ["hf://datasets/imone/D4RL/hopper_medium-v2.hdf5", "dataset", "imone/D4RL", "hopper_medium-v2.hdf5", "main"],
  ["hf://models/org/repo/x", "model", "org/repo", "x", "main"],
  [
    "hf://pretrained_checkpoints/DMPO_pretraining_robomimic_checkpoints/w_0p5/can/can_w0p5_08_meanflow_dispersive.pt",
    "model",
    "Guowei-Zou/DMPO-checkpoints",
    "pretrained_checkpoints/DMPO_pretraining_robomimic_checkpoints/w_0p5/can/can_w0p5_08_meanflow_dispersive.pt",
    "main",
  ],
  [
    "hf://gym/hopper-medium-v2/train.npz@abc",
    "dataset",
    "Guowei-Zou/DMPO-datasets",
    "gym/hopper-medium-v2/train.npz",
    "abc",
  ],
])("%s", (text, type, repository, path, revision) => {
  expect(parseAddress(text)).toEqual({ kind: "hub", type, repository, path, revision });
});

test.each([
  "hf://",
  "hf://org",
  "hf://org/repo",
  "hf://org/repo/",
  "hf://org/repo/../../etc/passwd",
  "hf://org/repo/a\\..\\b",
  "hf://../repo/file",
  "hf://org/repo/file@../../x",
  "hf://org/repo/file@100%",
  "hf://org/repo/a\0b",
  "https://name:secret@example.com/a.pt",
  "http://example.com/a.pt",
  "ftp://example.com/a.pt",
])("%s is refused", (text) => {
  expect(() => parseAddress(text)).toThrow(InputError);
});

test("paths are no addresses", () => {
  expect(["a.pt", "/a.pt", "C:\\a.pt", "./hf/x"].filter(isAddress)).toEqual([]);
  expect(["hf://a/b/c", "https://a/b", "http://localhost/x"].every(isAddress)).toBe(true);
});

test("the web", () => {
  expect(parseAddress("https://example.com/a.pt")).toEqual({ kind: "web", url: "https://example.com/a.pt" });
});
