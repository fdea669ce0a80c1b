// The leg of one_leg, demonstrated: the fourth leg is taken, stood into a hole of the table's top and screwed in.
import { rise, screwIn, setDown, standUp, takeLying } from "./assembling.js";
import { degree, type GuidedHand, type Script } from "./guided-hand.js";
import { oneLeg } from "./parts.js";

const thread = oneLeg.threads.find(({ part }) => part === oneLeg.pairs[0]!.second)!;

export function* oneLegScript(hand: GuidedHand): Script {
  const by = hand.draw(120, 150) * degree;
  const grip = 0.004 + hand.draw(-0.004, 0.004);
  yield* takeLying(hand, thread, grip);
  yield* standUp(hand);
  yield* setDown(hand, thread);
  yield* rise(hand);
  yield* screwIn(hand, thread, { end: 0.03125, grasp: 0.012, by, faces: 4 });
}
