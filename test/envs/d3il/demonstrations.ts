// The recorded demonstrations of the avoiding task, where the shared data are present.
import { readdirSync, readFileSync } from "node:fs";
import { numpyGlobals, type NumpyArray } from "../../../sdk/src/checkpoints/numpy-pickle.js";
import { readPickle } from "../../../sdk/src/checkpoints/pickle.js";
import { ModeFlags, type ModeFlag, type RodArm } from "../../../sdk/src/envs/d3il/avoiding.js";
import { sharedFile } from "../../shared.js";

export interface Demonstration {
  readonly name: string;
  readonly length: number;
  /** Row `t` of a recorded quantity. */
  readonly row: (quantity: string, t: number) => ArrayLike<number>;
}

export function demonstrations(): Demonstration[] {
  const folder = sharedFile("data/d3il-avoiding/demos");
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const { value } = readPickle(readFileSync(`${folder}/${name}`), { source: name, globals: numpyGlobals });
      const robot = (value as Map<string, Map<string, NumpyArray>>).get("robot")!;
      return {
        name,
        length: robot.get("c_pos")!.shape[0]!,
        row(quantity, t) {
          const { shape, data } = robot.get(quantity)!;
          return data.subarray(shape[1]! * t, shape[1]! * (t + 1));
        },
      };
    });
}

/**
 * Plays a demonstration open loop. Rows are 35 ms apart, and each was written 1 ms after its set point became active.
 * Returns the greatest distance from the recorded tool (mm) and the modes of both.
 */
export function replay(arm: RodArm, demonstration: Demonstration) {
  const { length, row } = demonstration;
  arm.reset(row("j_pos", 0), row("j_vel", 0), row("des_j_pos", 0));
  const [played, recorded] = [new ModeFlags(), new ModeFlags()];
  let worst = 0;
  for (let t = 0; t + 1 < length; t++) {
    for (let step = 0; step < 35; step++) arm.advance(row("des_c_pos", step < 34 ? t : t + 1));
    const [x, y] = row("c_pos", t + 1) as unknown as [number, number];
    worst = Math.max(worst, 1000 * Math.hypot(arm.x - x, arm.y - y));
    played.visit(arm.x, arm.y);
    recorded.visit(x, y);
  }
  return { worst, played: played.list(), recorded: recorded.list() } satisfies {
    worst: number;
    played: ModeFlag[];
    recorded: ModeFlag[];
  };
}
