// The avoiding sets made from the real demonstrations: golden numbers of the specification, the published statistics.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { filterAvoiding, modesOf, readDemonstrations } from "../../sdk/src/data/d3il.js";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { readNpz } from "../../sdk/src/data/npz.js";
import type { Bounds } from "../../sdk/src/normalization.js";
import { hasShared, sharedFile } from "../shared.js";
import { temporaryFolder } from "./temporary-folder.js";

const folder = temporaryFolder();
const demonstrations = sharedFile("data/d3il-avoiding/demos");

const low = [0.243703067, -0.279736727, 0.240702644, -0.281939387];
const published = {
  avoid_m1: {
    steps: 571,
    lengths: [91, 72, 67, 69, 68, 68, 68, 68],
    files: ["029", "030", "031", "032", "081", "082", "083", "084"],
    low,
    high: [0.599422991, 0.47531867, 0.602188051, 0.464735121],
    actionHigh: [0.00935277902, 0.0125],
  },
  avoid_m2: {
    steps: 622,
    lengths: [91, 72, 67, 69, 84, 81, 75, 83],
    files: ["029", "030", "031", "032", "049", "050", "051", "052"],
    low,
    high: [0.603296161, 0.47531867, 0.605781913, 0.477258354],
    actionHigh: [0.0125, 0.0125],
  },
  avoid_m3: {
    steps: 685,
    lengths: [91, 72, 67, 69, 102, 94, 97, 93],
    files: ["029", "030", "031", "032", "089", "090", "091", "092"],
    low,
    high: [0.821921229, 0.47531867, 0.756069541, 0.471339881],
    actionHigh: [0.0125, 0.0125],
  },
};

const floats = (values: readonly number[]) => Float32Array.from(values);

describe.skipIf(!hasShared)("the real demonstrations", () => {
  test.each(Object.entries(published))("%s has the golden numbers", async (name, golden) => {
    const data = await Dataset.d3il(name, { demonstrations });
    expect(data.name).toBe(name);
    expect(data.steps).toBe(golden.steps);
    expect([...data.episodeLengths]).toEqual(golden.lengths);
    expect(data.normalization).toEqual({
      observationMin: floats(golden.low),
      observationMax: floats(golden.high),
      actionMin: floats([-0.0125003811, 0]),
      actionMax: floats(golden.actionHigh),
    });
    expect(Math.max(...data.observations)).toBeLessThanOrEqual(1);
    expect(Math.min(...data.actions)).toBe(-1);
  });

  test.each([
    ["avoid_m1", [5, 6]],
    ["avoid_m2", [5, 7]],
    ["avoid_m3", [5, 8]],
  ] as const)("%s is chosen from the files of the specification", async (name, desired) => {
    const kept = filterAvoiding(await readDemonstrations(demonstrations), { desired, required: [1, 2] });
    expect(kept.map((one) => one.name.slice(4, 7))).toEqual(published[name].files);
  });

  test("all 96: counts and ranges, which are those of the published statistics", async () => {
    const all = await Dataset.d3il("avoid", { demonstrations });
    expect([all.episodeLengths.length, all.steps]).toEqual([96, 7305]);
    const { observationMin, observationMax, actionMin, actionMax } = all.normalization;
    expect(observationMin).toEqual(floats([0.233652562, -0.279736727, 0.214852139, -0.282458872]));
    expect(observationMax).toEqual(floats([0.824738503, 0.487152964, 0.770847619, 0.488379836]));
    const file = await readNpz(sharedFile("data/d3il-avoiding/avoid_low_dim_normalization.npz"));
    // Statistics of the older generation start from zero.
    const fromZero = (values: Bounds, choose: (a: number, b: number) => number) =>
      Array.from(values, (value) => choose(0, value));
    expect(floats([...file.get("obs_min").data])).toEqual(floats(fromZero(observationMin, Math.min)));
    expect(floats([...file.get("obs_max").data])).toEqual(floats(fromZero(observationMax, Math.max)));
    expect(floats([...file.get("action_min").data])).toEqual(floats(fromZero(actionMin, Math.min)));
    expect(floats([...file.get("action_max").data])).toEqual(floats(fromZero(actionMax, Math.max)));
  });

  test("the 24 ways have four demonstrations each, but for one pair", async () => {
    const counts = new Map<string, number>();
    for (const one of await readDemonstrations(demonstrations)) {
      const way = [...modesOf(one)].sort().join(" ");
      counts.set(way, (counts.get(way) ?? 0) + 1);
    }
    expect([...counts.values()].filter((count) => count === 4).length).toBeGreaterThanOrEqual(22);
  });
});

test("an unknown set, an empty folder and a damaged file are refused", async () => {
  const at = { demonstrations: folder };
  await expect(Dataset.d3il("avoid_m4", at)).rejects.toThrow(
    /"avoid_m4" is unknown\n {2}expected one of avoid, avoid_m1/,
  );
  await expect(Dataset.d3il("avoid", at)).rejects.toThrow(`${folder}: holds no .pkl file`);
  mkdirSync(join(folder, "bad"));
  // {"robot": 1}
  writeFileSync(join(folder, "bad/env_000_00.pkl"), Buffer.from("\x80\x02}X\x05\x00\x00\x00robotK\x01s.", "latin1"));
  await expect(Dataset.d3il("avoid", { demonstrations: join(folder, "bad") })).rejects.toThrow(
    /env_000_00\.pkl: robot\.des_c_pos: is missing/,
  );
});
