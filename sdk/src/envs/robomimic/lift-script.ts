// Lift, demonstrated: over the cube with open fingers, down, closed, up; again where it slipped.
import type { Stage } from "./demonstrator.js";
import { nearestTurn, pointAt, pointingDown, rotationAt, yawOf, type Goal, type Script } from "./guided-arm.js";
import type { Point } from "./placement.js";

const tableHeight = 0.8;

export function* liftScript({ arms: [arm], style, observation }: Stage): Script {
  const cube = () => pointAt(observation(), 9);
  for (;;) {
    const miss = style.miss([0.04, 0.055]);
    const yaw =
      nearestTurn(yawOf(rotationAt(observation(), 12)), Math.PI / 2, yawOf(arm!.rotation)) + 4 * style.slack();
    const over = style.draw([0.06, 0.13]);
    const depth = style.draw([-0.004, 0.006]);
    const above = (height: number, grip: Goal["grip"], speed: number) => (): Goal => {
      const [x, y, z] = cube();
      const position: Point = [x + miss * Math.cos(yaw), y + miss * Math.sin(yaw), z + height];
      return { position: height < over ? arm!.above(position) : position, rotation: pointingDown(yaw), grip, speed };
    };
    const [dx, dy] = [style.slack(), style.slack()];
    const approach = above(over, -1, 1);
    yield* arm!.go(() => {
      const { position, ...rest } = approach();
      return { ...rest, position: [position[0] + dx, position[1] + dy, position[2]] };
    }, 0.02);
    yield* arm!.go(above(depth, -1, style.draw([0.5, 0.9])), 0.006);
    yield* arm!.move(1);
    const [x, y] = arm!.position;
    const height = tableHeight + style.draw([0.09, 0.16]);
    const up = {
      position: [x + style.slack(), y + style.slack(), height] as const,
      rotation: arm!.rotation,
      grip: 1 as const,
    };
    yield* arm!.go(() => up, 0.02, 50);
    if (cube()[2] > tableHeight + 0.05) return;
  }
}
