// Can, demonstrated: over the can, down, closed, up, across to its quarter of the second bin, down, open, up.
import type { Stage } from "./demonstrator.js";
import { pointAt, pointingDown, yawOf, type Goal, type Script } from "./guided-arm.js";
import type { Point } from "./placement.js";

/** Middle of the can's quarter (m). */
const quarter = [0.1975, 0.4025] as const;
const binHeight = 0.8;
/** At which a can in the hand passes over the walls (m). */
const carryHeight = 1.02;

export function* canScript({ arms: [arm], style, observation }: Stage): Script {
  const can = () => pointAt(observation(), 9);
  const isInside = () => Math.abs(can()[0] - quarter[0]) < 0.09 && Math.abs(can()[1] - quarter[1]) < 0.11;
  for (;;) {
    const yaw = yawOf(arm!.rotation) + style.draw([-0.3, 0.3]);
    const miss = style.miss([0.045, 0.06]);
    const grasp = style.draw([0.012, 0.026]);
    const over = style.draw([0.1, 0.16]);
    const above =
      (height: number, speed: number, [dx, dy] = [0, 0]) =>
      (): Goal => {
        const [x, y, z] = can();
        const position: Point = [x + miss * Math.cos(yaw) + dx, y + miss * Math.sin(yaw) + dy, z + height];
        return {
          position: height < over ? arm!.above(position) : position,
          rotation: pointingDown(yaw),
          grip: -1,
          speed,
        };
      };
    yield* arm!.go(above(over, 1, [style.slack(), style.slack()]), 0.03);
    yield* arm!.go(above(grasp, style.draw([0.5, 0.9])), 0.008, 60);
    yield* arm!.move(1);
    const carry = carryHeight + style.draw([0, 0.08]);
    const start = arm!.position;
    const held =
      (position: Point, speed = 1) =>
      (): Goal => ({ position, rotation: pointingDown(yaw), grip: 1, speed });
    yield* arm!.go(held([start[0], start[1], carry]), 0.03);
    const isHeld = can()[2] > binHeight + 0.12;
    if (isHeld) {
      const [x, y] = [style.draw([0.15, 0.2]), style.draw([0.33, 0.42])];
      yield* arm!.go(held([x, y, carry]), 0.025);
      yield* arm!.go(held([x, y, binHeight + grasp + style.draw([0.075, 0.095])], style.draw([0.5, 0.9])), 0.02, 40);
    }
    yield* arm!.move(-1);
    const [x, y] = arm!.position;
    const up: Goal = { position: [x, y, carry], rotation: pointingDown(yaw), grip: -1 };
    yield* arm!.go(() => up, 0.03, 40);
    if (isInside()) return;
  }
}
