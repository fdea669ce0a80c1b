// A few hundred damaged files; the slow suite has ten thousand.
import { expect, test } from "vitest";
import { temporaryFolder } from "../data/temporary-folder.js";
import { fuzz, readers } from "./readers.js";

const all = await readers(temporaryFolder());

test.each(Object.keys(all))("%s", async (name) => {
  // Some damage only changes numbers; most is noticed.
  const { refused } = await fuzz(all[name]!, 40);
  expect(refused).toBeGreaterThan(20);
});

test.each(Object.keys(all))("%s is read while it is whole", async (name) => {
  // A generator of nothing but ones cuts nothing off: the last kind of change, at its mildest.
  const { damaged, read } = all[name]!;
  await read(damaged(() => 0.999999));
});
