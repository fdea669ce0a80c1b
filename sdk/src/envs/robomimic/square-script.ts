// Square, demonstrated: the nut by its handle, up, turned and held over the peg, down, open, up.
import type { Stage } from "./demonstrator.js";
import {
  nearestTurn,
  pointAt,
  pointIn,
  pointingDown,
  rotationAt,
  yawOf,
  type Goal,
  type Script,
} from "./guided-arm.js";
import type { Point } from "./placement.js";

const peg = [0.23, 0.1] as const;
const tableHeight = 0.82;
/** Of the peg's end; below, the nut is around it (m). */
const pegTop = 0.95;
/** Where the handle is held, along the nut's x axis (m). */
const handle = 0.058;

export function* squareScript({ arms: [arm], style, observation }: Stage): Script {
  const nut = () => pointAt(observation(), 9);
  const nutYaw = () => yawOf(rotationAt(observation(), 12));
  const isOnPeg = () => Math.hypot(nut()[0] - peg[0], nut()[1] - peg[1]) < 0.02;
  yield* arm!.rest(6);
  for (;;) {
    const yaw = nearestTurn(nutYaw(), Math.PI, 0);
    // A miss goes beyond the handle's end.
    const along = handle + style.draw([-0.005, 0.004]) + style.miss([0.033, 0.045]);
    const depth = style.draw([-0.004, 0.003]);
    const above = (height: number, speed: number) => (): Goal => {
      const [x, y, z] = pointIn(nut(), rotationAt(observation(), 12), [along, 0, 0]);
      const position: Point = height > 0.05 ? [x, y, z + height] : arm!.above([x, y, z + height]);
      return { position, rotation: pointingDown(yaw), grip: -1, speed };
    };
    yield* arm!.go(above(style.draw([0.07, 0.12]), 1), 0.02);
    yield* arm!.go(above(depth, style.draw([0.4, 0.7])), 0.004, 60);
    yield* arm!.move(1);
    const carry = pegTop + style.draw([0.06, 0.1]);
    const start = arm!.position;
    yield* arm!.go(() => ({ position: [start[0], start[1], carry], rotation: pointingDown(yaw), grip: 1 }), 0.03);
    const isHeld = nut()[2] > tableHeight + 0.07;
    if (isHeld) {
      // The hand goes by how the nut hangs in it.
      const wanted = easiestYaw(nutYaw(), yawOf(arm!.rotation));
      const goal = (height: number, speed: number) => (): Goal => {
        const away = nearestTurn(wanted - nutYaw(), 2 * Math.PI, 0);
        const here = arm!.position;
        const rotation = pointingDown(yawOf(arm!.rotation) + away);
        const [x, y, z] = nut();
        return {
          position: [here[0] + peg[0] - x, here[1] + peg[1] - y, here[2] + height - z],
          rotation,
          grip: 1,
          speed,
        };
      };
      const isLost = () => arm!.position[2] - nut()[2] > 0.03 || arm!.opening < 0.024;
      if (
        (yield* arm!.go(goal(carry, 1), 0.006, 150, isLost)) &&
        (yield* arm!.go(goal(pegTop + 0.015, 0.5), 0.005, 60, isLost))
      ) {
        yield* arm!.go(goal(tableHeight + style.draw([0.025, 0.04]), style.draw([0.35, 0.6])), 0.012, 80, isLost);
      }
    }
    yield* arm!.move(-1);
    const [x, y] = arm!.position;
    const rotation = arm!.rotation;
    yield* arm!.go(() => ({ position: [x, y, carry], rotation, grip: -1 }), 0.03, 40);
    if (isOnPeg()) return;
  }
}

/**
 * Of the four ways in which the nut fits, the one that turns it least (rad); with its handle away from the robot, the hand would be
 * hardly within reach, and it must not turn too far itself.
 */
function easiestYaw(nut: number, hand: number): number {
  const costs = [0, 1, 2, 3].map((quarter) => {
    const wanted = (quarter * Math.PI) / 2;
    const turn = nearestTurn(wanted - nut, 2 * Math.PI, 0);
    const isTooFar = Math.abs(hand + turn) > 2 || Math.abs(turn) > 2.5;
    return { wanted, cost: Math.abs(turn) + (quarter === 0 ? 2 : 0) + (isTooFar ? 4 : 0) };
  });
  return costs.reduce((best, one) => (one.cost < best.cost ? one : best)).wanted;
}
