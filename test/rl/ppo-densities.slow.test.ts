// The same task for a network that takes longer to learn.
import { beforeAll, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import { expectSteering } from "./densities.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

test("a small transformer: the point mass is steered as the Riccati equation steers it", () =>
  expectSteering("Gaussian transformer", { steps: 64, batchSize: 256, updateEpochs: 10 }));
