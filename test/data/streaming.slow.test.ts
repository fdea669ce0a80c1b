// Conversion of a recording larger than the memory allowed: resident memory must not follow the file's size.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { File, ready } from "h5wasm/node";
import { expect, test } from "vitest";
import { temporaryFolder } from "./temporary-folder.js";

const folder = temporaryFolder();

test("400 MB convert below 900 MB resident, Node and compiler included", async () => {
  await ready;
  const [rows, width, block] = [900_000, 111, 50_000];
  const path = join(folder, "large.hdf5");
  const file = new File(path, "w");
  for (const [name, columns] of Object.entries({ observations: width, actions: 2, rewards: 1, terminals: 1 })) {
    const shape = (count: number) => (columns > 1 ? [count, columns] : [count]);
    const value = (i: number) => (name === "terminals" ? Number(i % 1000 === 999) : (i % 1000) / 1000);
    const data = new Float32Array(block * columns).map((_, i) => value(i));
    const limits = { maxshape: shape(rows), chunks: shape(block) };
    const dataset = file.create_dataset({ name, data, shape: shape(block), ...limits });
    dataset.resize(shape(rows));
    for (let row = block; row < rows; row += block) {
      dataset.write_slice(
        columns > 1
          ? [
              [row, row + block],
              [0, columns],
            ]
          : [[row, row + block]],
        data,
      );
    }
  }
  file.close();
  const source = fileURLToPath(new URL("../../sdk/src/data/hdf5-to-npz.ts", import.meta.url));
  const program = join(folder, "convert.mts");
  writeFileSync(
    program,
    `import { convertHdf5 } from ${JSON.stringify(source)};
await convertHdf5(process.argv[2]!, { maxEpisodes: 0 });
console.log(process.resourceUsage().maxRSS / 1024);`,
  );
  const { stdout, stderr } = spawnSync("npx", ["tsx", program, path], { encoding: "utf8" });
  expect(Number(stdout), stderr).toBeGreaterThan(0);
  expect(Number(stdout)).toBeLessThan(900);
});
