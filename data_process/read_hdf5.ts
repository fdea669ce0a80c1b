// Groups and datasets of an HDF5 file: npx tsx data_process/read_hdf5.ts --file_path=hopper_medium-v2.hdf5
import { run } from "../sdk/src/cli/main.js";

process.exitCode = await run(["data", "read-hdf5", ...process.argv.slice(2)]);
