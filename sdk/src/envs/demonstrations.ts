// The tasks that can be demonstrated here, by name. A new family is a line.
import { fail, nearest } from "../errors.js";
import type { Demonstration } from "./demonstrator.js";
import { furnitureDemonstrations } from "./furniture/demonstrator.js";
import { kitchenDemonstrations } from "./kitchen/demonstrator.js";
import { robomimicDemonstrations } from "./robomimic/demonstrator.js";

export const demonstrations: readonly Demonstration[] = [
  ...kitchenDemonstrations,
  ...robomimicDemonstrations,
  ...furnitureDemonstrations,
];

/** @throws InputError DMPO_DEMONSTRATION with the nearest known name. */
export function findDemonstration(name: string): Demonstration {
  const found = demonstrations.find((one) => one.name === name);
  if (found) return found;
  const names = demonstrations.map((one) => one.name);
  const close = nearest(name, names);
  return fail(
    "DMPO_DEMONSTRATION",
    name,
    "nobody demonstrates this here",
    `one of ${names.join(", ")}`,
    close && `is "${close}" meant?`,
  );
}
