// One pre-training step: draw noise and times, improved MeanFlow with the dispersive loss, gradients, AdamW.
import { Trainable } from "../../../sdk/src/engine/optimizer.js";
import { compileTraining } from "../../../sdk/src/engine/training-step.js";
import { hopperModel, random, uniform } from "./hopper.js";
import { parameters, report } from "./measuring.js";

const { threads, batch: size, repeats, tangents } = parameters({ batch: 128, tangents: "needed" });
const model = hopperModel();
const trainable = new Trainable(model.layout, model.layout.initialise(random.stream("weights")));
const batch = { action: uniform(size, 4, 3), state: uniform(size, 1, 11), ...model.emptyDraws(size) };
// Half of the rows have r = t, where the tangent has no effect; "all" computes it nevertheless.
const loss = tangents === "all" ? model.lossFor(1) : model.lossFor(size);
const step = compileTraining(loss, trainable, { threads });

await report(
  async () => {
    model.draw(batch, random.stream("noise and times"));
    await step(batch);
    trainable.adamw({ learningRate: 1e-3, weightDecay: 1e-6 });
  },
  repeats,
  10,
);
