// Recorded demonstrations to train.npz: npx tsx data_process/process_d3il_dataset.ts --load_path=demos --save_dir=out
import { run } from "../sdk/src/cli/main.js";

process.exitCode = await run(["data", "process-d3il-dataset", ...process.argv.slice(2)]);
