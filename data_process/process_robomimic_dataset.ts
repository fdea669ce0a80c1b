// robomimic data to train.npz: npx tsx data_process/process_robomimic_dataset.ts --load_path=low_dim_v15.hdf5 --save_dir=out
import { run } from "../sdk/src/cli/main.js";

process.exitCode = await run(["data", "process-robomimic-dataset", ...process.argv.slice(2)]);
