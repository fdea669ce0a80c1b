// A recording of `dmpo data make gym/NAME` as it comes with the package: `npx tsx script/bundle-recording.ts FILE TARGET [MEGABYTES]`.
// As many of its first whole episodes as fit (3 MB), as recorded: a number that is constant in the recording must be that of the simulator,
// or normalising it by its range multiplies the difference a million times. Prints what a README says.
import { mkdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { readD4rlHdf5 } from "../sdk/src/data/d4rl-hdf5.js";
import { withHdf5, writeHdf5 } from "../sdk/src/data/hdf5.js";
import { episodeLengths } from "../sdk/src/data/recording.js";
import { distribution } from "../sdk/src/data/summary.js";

const [file, target, megabytes = "3"] = process.argv.slice(2);
if (!file || !target) throw new Error("expected FILE TARGET [MEGABYTES]");
const keys = ["observations", "actions", "rewards", "terminals", "timeouts", "infos/qpos", "infos/qvel"];
const tables = await withHdf5(file, (recording) =>
  keys.map((key) => {
    const { data, shape } = recording.read(key);
    return { key, data: Float32Array.from(data), shape };
  }),
);
const lengths = Array.from(episodeLengths(await readD4rlHdf5(file)));

const rowsOf = (episodes: number) => lengths.slice(0, episodes).reduce((sum, length) => sum + length, 0);

function part({ key, data, shape }: (typeof tables)[number], rows: number) {
  const width = shape[1] ?? 1;
  const kept = data.slice(0, rows * width);
  if (key === "terminals" || key === "timeouts") return { data: Uint8Array.from(kept), shape: [rows] };
  return { data: kept, shape: [rows, ...shape.slice(1)] };
}

async function write(episodes: number): Promise<number> {
  await writeHdf5(target!, Object.fromEntries(tables.map((table) => [table.key, part(table, rowsOf(episodes))])));
  return statSync(target!).size;
}

mkdirSync(dirname(target), { recursive: true });
let [fits, tooMany] = [0, lengths.length + 1];
while (tooMany - fits > 1) {
  const middle = Math.floor((fits + tooMany) / 2);
  if ((await write(middle)) <= Number(megabytes) * 1e6) fits = middle;
  else tooMany = middle;
}
if (fits === 0) {
  rmSync(target);
  throw new Error(`${file}: its first episode alone has more than ${megabytes} MB`);
}
const size = await write(fits);
const column = (name: string) => tables.find(({ key }) => key === name)!.data;
const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
const returns = lengths
  .slice(0, fits)
  .map((length, i) => sum(column("rewards").subarray(rowsOf(i), rowsOf(i) + length)));
const row = (name: string, { mean, std, min, max }: ReturnType<typeof distribution>) =>
  `| ${[name, ...[mean, std, min, max].map((value) => value.toFixed(1))].join(" | ")} |`;
console.log(`| | mean | std | min | max |\n|-|-|-|-|-|`);
console.log(`${row("return", distribution(returns))}\n${row("length", distribution(lengths.slice(0, fits)))}\n`);
const falls = sum(column("terminals").subarray(0, rowsOf(fits)));
console.log(
  `${rowsOf(fits)} transitions in ${fits} whole episodes: ${falls} end by falling, ${fits - falls} by the time limit; ` +
    `${(size / 1e6).toFixed(1)} MB`,
);
