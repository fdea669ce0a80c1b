// A recording of a locomotion task, row by row, to play it again in the simulator.
import { withHdf5 } from "../../sdk/src/data/hdf5.js";

/** Its tables, and `row`: one of them at a step. */
export async function recordedRows(path: string) {
  const tables = await withHdf5(path, (file) => ({
    ...file.tables({ observations: { rank: 2 }, actions: { rank: 2 }, rewards: { rank: 1 } }),
    ...file.tables({ terminals: { rank: 1 }, timeouts: { rank: 1 } }),
    ...file.tables({ qpos: { rank: 2 }, qvel: { rank: 2 } }, "/infos"),
  }));
  const row = (name: "observations" | "actions" | "qpos" | "qvel", i: number) => {
    const { data, shape } = tables[name];
    return Array.from({ length: shape[1]! }, (_, k) => Number(data[i * shape[1]! + k]));
  };
  return { tables, row };
}
