// Avoiding demonstrations by their ways: npx tsx data_process/filter_avoid_data.ts --load_path=demos --desired_modes 5 6
import { run } from "../sdk/src/cli/main.js";

process.exitCode = await run(["data", "filter-avoid-data", ...process.argv.slice(2)]);
