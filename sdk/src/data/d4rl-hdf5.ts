// The D4RL layout of HDF5 files: Fu et al. 2020. Kitchen files have no time-outs.
import { withHdf5, type Wanted } from "./hdf5.js";
import type { Recording } from "./recording.js";

export const d4rlLayout = {
  observations: { rank: 2 },
  actions: { rank: 2 },
  rewards: { rank: 1, optional: true },
  terminals: { rank: 1, optional: true },
  timeouts: { rank: 1, optional: true },
} as const satisfies Record<string, Wanted>;

/**
 * Reads a D4RL file: root datasets `observations` (N, Do), `actions` (N, Da) and, if present, `rewards`, `terminals`
 * and `timeouts` (N), the latter two as numbers or boolean enums. Everything else in the file is ignored.
 * @throws InputError naming file, key and expectation: `DMPO_DATA_NOT_FOUND`, `DMPO_DATA_FORMAT` (not HDF5, truncated,
 * damaged), `DMPO_DATA_KEY` (missing), `DMPO_DATA_SHAPE` (wrong rank or unequal lengths).
 */
export function readD4rlHdf5(path: string): Promise<Recording> {
  return withHdf5(path, (file) => {
    const { observations, actions, rewards, terminals, timeouts } = file.tables(d4rlLayout);
    return {
      source: path,
      observations,
      actions,
      rewards: rewards?.data,
      terminals: terminals?.data,
      timeouts: timeouts?.data,
    };
  });
}
