import { expect, test } from "vitest";
import { camelCaseKeys, toCamelCase, toSnakeCase } from "../../../sdk/src/config/language/naming.js";

test.each([
  ["seed", "seed"],
  ["n_train_itr", "nTrainItr"],
  ["r_embedding_dim", "rEmbeddingDim"],
  ["use_d4rl_dataset", "useD4rlDataset"],
])("%s <-> %s", (snake, camel) => {
  expect(toCamelCase(snake)).toBe(camel);
  expect(toSnakeCase(camel)).toBe(snake);
});

test("keys are converted at every depth, values never", () => {
  const converted = camelCaseKeys({ lr_scheduler: { min_lr: 1, list: ["a_b"] }, loss_type: "infonce_l2" });
  expect(converted).toEqual({ lrScheduler: { minLr: 1, list: ["a_b"] }, lossType: "infonce_l2" });
});
