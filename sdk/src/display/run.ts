// Runs in a notebook: curves, timing, and where the files are.
import { join } from "node:path";
import { FineTuningRun } from "../experiments/runs/finetuning.js";
import { PretrainingRun } from "../experiments/runs/pretraining.js";
import { showsAs } from "../figures/mime.js";
import { panelBundle } from "./panel.js";

showsAs(PretrainingRun.prototype, (run) => {
  const { curve, seconds } = run;
  const last = curve.at(-1);
  return panelBundle({
    heading: run.interrupted ? "Pre-training, stopped" : "Pre-training",
    facts: {
      epochs: curve.length,
      "optimiser steps": last?.step,
      "loss of the last epoch": last?.loss,
      "validation loss": last?.validationLoss,
      "test return": last?.testReturn,
      ...timing(seconds, curve.length, "epoch"),
      ...places(run.folder),
    },
    figures: Object.values(run.figures()),
  });
});

showsAs(FineTuningRun.prototype, (run) => {
  const { best, curve, environmentSteps, seconds } = run;
  return panelBundle({
    heading: run.interrupted ? "Fine-tuning, stopped" : "Fine-tuning",
    facts: {
      iterations: curve.length,
      "environment steps": environmentSteps,
      "best mean return of an evaluation": best?.episodes.return.mean,
      "in iteration": best?.iteration,
      ...timing(seconds, curve.length, "iteration"),
      ...places(run.folder),
    },
    figures: Object.values(run.figures()),
  });
});

const timing = (seconds: number, parts: number, part: string) => ({
  seconds,
  [`seconds per ${part}`]: parts > 0 ? seconds / parts : undefined,
});

const places = (folder: string | undefined) => ({
  files: folder ?? "none were written",
  checkpoints: folder && join(folder, "checkpoint"),
});
