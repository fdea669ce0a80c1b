// A D4RL recording to train.npz: npx tsx data_process/hdf5_to_npz.ts --data_path=hopper_medium-v2.hdf5
import { run } from "../sdk/src/cli/main.js";

process.exitCode = await run(["data", "hdf5-to-npz", ...process.argv.slice(2)]);
