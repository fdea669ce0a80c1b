// Says once, before the tests, what some of them would compare with and do not find here.
import { assetPackages } from "../sdk/src/envs/assets/manifest.js";
import { hasAssets } from "./assets.js";
import { pythonWith } from "./python.js";
import { hasShared } from "./shared.js";

const modules = ["numpy", "h5py", "torch", "onnxruntime", "gymnasium", "tensorboard", "wandb", "huggingface_hub"];

export default function announceAbsent(): void {
  const absent = modules.filter((name) => !pythonWith(name));
  if (!hasShared) console.log("Skipped: what compares with large data in ../shared, which is not here.");
  const unfetched = assetPackages.filter((name) => !hasAssets(name, "all"));
  if (unfetched.length > 0) {
    console.log(
      `Skipped: what needs the files of ${unfetched.join(", ")}, which \`npx dmpo assets fetch all\` brings.`,
    );
  }
  if (absent.length === 0) return;
  console.log(
    `Skipped: what compares with Python's ${absent.join(", ")} (DMPO_TEST_PYTHON may name a Python that has them).`,
  );
}
