// Shapes and ranges of the arrays of an .npz file: npx tsx data_process/read_npz.ts --data_path=normalization.npz
import { run } from "../sdk/src/cli/main.js";

process.exitCode = await run(["data", "read-npz", ...process.argv.slice(2)]);
