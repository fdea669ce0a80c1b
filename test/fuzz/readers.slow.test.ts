// Twenty thousand damaged files.
import { expect, test } from "vitest";
import { temporaryFolder } from "../data/temporary-folder.js";
import { fuzz, readers } from "./readers.js";

const all = await readers(temporaryFolder());

test.each(Object.keys(all))("%s", async (name) => {
  const { read, refused } = await fuzz(all[name]!, 2500, 1_000_000);
  console.info(`${name}: ${read} read, ${refused} refused`);
  expect(refused).toBeGreaterThan(0);
});
