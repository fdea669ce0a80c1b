// Transport, demonstrated: one arm lays the lid aside and takes the hammer out; meanwhile the other clears its bin of the trash. The
// hammer goes from hand to hand between the tables, and into the bin.
import type { Stage } from "./demonstrator.js";
import {
  leant,
  nearestTurn,
  pointAt,
  pointIn,
  pointingDown,
  rotationAt,
  together,
  yawOf,
  type Goal,
  type GuidedArm,
  type Script,
} from "./guided-arm.js";
import type { Point } from "./placement.js";

const tableHeight = 0.8;
/** At which what hangs in a hand passes over the bins (m). */
const carryHeight = 1.06;
/** Where the lid is laid, and how high its handle then is (m). */
const [aside, lidHeight] = [[-0.2, -0.45], 0.825] as const;
/** Where the lid's handle is above the table while the lid is on the bin; less is off. */
const lidOn = 0.95;
const handleWidth = 0.03;
/** From the handle's middle to that of the whole hammer (m). */
const balance = 0.0175;
const attempts = 4;

export function* transportScript({ arms, style, observation }: Stage): Script {
  const [first, second] = arms as readonly [GuidedArm, GuidedArm];
  const pose = (at: number) => ({ position: pointAt(observation(), at), rotation: rotationAt(observation(), at + 3) });
  const [hammer, trash, lid] = [() => pose(18), () => pose(25), () => pose(32)];
  const [targetBin, trashBin] = [() => pointAt(observation(), 39), () => pointAt(observation(), 42)];
  const isTrashAway = () => observation()[58]! > 0;
  const isUp = () => hammer().position[2] > tableHeight + 0.12;

  /** Along the handle towards the second arm (unit), and whether the head is there. */
  const along = () => {
    const axis = pointIn([0, 0, 0], hammer().rotation, [0, 0, 1]);
    const sign = axis[1] > 0 ? 1 : -1;
    return { axis: axis.map((value) => sign * value) as unknown as Point, isHead: sign > 0 };
  };
  const onHandle = (distance: number): Point => {
    const { axis } = along();
    return hammer().position.map((value, i) => value + distance * axis[i]!) as unknown as Point;
  };

  /** Where the hammer changes hands. */
  const meeting: Point = [style.draw([-0.06, 0.06]), 0, style.draw([1.0, 1.06])];
  /** So near to its stand, an arm's wrist would turn over if the hand did not lean ahead (rad); the second leans back in between. */
  const [ahead, back] = [-style.draw([0.2, 0.3]), style.draw([0.25, 0.4])];

  /** From above: over it, down, closed, up. */
  function* take(
    arm: GuidedArm,
    spot: () => { readonly position: Point; readonly yaw: number },
    { over, miss = 0 }: { readonly over: number; readonly miss?: number },
  ): Script {
    const yaw = nearestTurn(spot().yaw, Math.PI, yawOf(arm.rotation));
    const rotation = leant(pointingDown(yaw), ahead);
    const depth = style.draw([0.005, 0.011]);
    const [dx, dy, quick] = [style.slack(), style.slack(), style.draw([0.5, 0.9])];
    const at = (height: number | undefined, speed: number) => (): Goal => {
      const [px, py, z] = spot().position;
      const [x, y] = [px + miss * Math.cos(yaw), py + miss * Math.sin(yaw)];
      const position: Point = height === undefined ? arm.above([x, y, z + depth]) : [x + dx, y + dy, height];
      // Bins have floors.
      const isLow = arm.position[2] < z + 0.05;
      return { position, rotation, grip: -1, speed: isLow ? 0.4 * speed : speed };
    };
    yield* arm.go(at(over, 1), 0.025);
    yield* arm.go(at(undefined, quick), 0.006, 70);
    yield* arm.move(1);
    const [x, y] = arm.position;
    const up: Goal = { position: [x + style.slack(), y, carryHeight], rotation, grip: 1, speed: 0.8 };
    yield* arm.go(() => up, 0.03, 60);
  }

  /** Lets go and goes back by so much along the direction in which the hand points. */
  function* leave(arm: GuidedArm, by: number): Script {
    yield* arm.move(-1);
    const rotation = arm.rotation;
    const position = pointIn(arm.position, rotation, [0, 0, -by]);
    yield* arm.go(() => ({ position, rotation, grip: -1 }), 0.03, 50);
  }

  function* layLidAside(): Script {
    for (let attempt = 0; attempt < attempts && lid().position[2] > lidOn; attempt++) {
      const across = () => ({ position: lid().position, yaw: yawOf(lid().rotation) + Math.PI / 2 });
      yield* take(first, across, { over: tableHeight + style.draw([0.23, 0.29]), miss: style.miss([0.056, 0.066]) });
      if (lid().position[2] > carryHeight - 0.06) {
        const [x, y] = [aside[0] + 2 * style.slack(), aside[1] + style.slack()];
        const rotation = first.rotation;
        const held = (height: number, speed: number) => (): Goal => {
          return { position: [x, y, height], rotation, grip: 1, speed };
        };
        yield* first.go(held(carryHeight, 1), 0.03);
        yield* first.go(held(lidHeight + style.draw([0.006, 0.02]), style.draw([0.6, 0.9])), 0.015, 50);
      }
      yield* leave(first, 0.12);
    }
  }

  function* takeHammerOut(): Script {
    const distance = style.draw([0.05, 0.06]);
    for (let attempt = 0; attempt < attempts && !isUp(); attempt++) {
      const end = () => {
        const { axis } = along();
        return { position: onHandle(distance), yaw: Math.atan2(axis[1], axis[0]) };
      };
      yield* take(first, end, { over: tableHeight + style.draw([0.22, 0.28]) });
      if (!isUp()) yield* leave(first, 0.2);
    }
    // Half a turn brings the other end to the second arm, and the wrist back from it. High until all is past the bin.
    const offered = (): Goal => {
      const [x, , z] = meeting;
      const yaw = Math.min(1.5 * Math.PI, nearestTurn(yawOf(first.rotation), 2 * Math.PI, Math.PI) + 0.8);
      const height = first.position[1] < -0.2 || yaw < 4.6 ? carryHeight + 0.08 : z;
      return { position: [x, -distance, height], rotation: leant(pointingDown(yaw), ahead), grip: 1 };
    };
    yield* first.go(offered, 0.02, 150, () => !isUp());
  }

  function* clearTrash(): Script {
    for (let attempt = 0; attempt < attempts && !isTrashAway(); attempt++) {
      const cube = () => {
        const yaw = nearestTurn(yawOf(trash().rotation), Math.PI / 2, yawOf(second.rotation));
        return { position: trash().position, yaw };
      };
      yield* take(second, cube, { over: tableHeight + style.draw([0.22, 0.28]), miss: style.miss([0.04, 0.055]) });
      if (trash().position[2] > carryHeight - 0.1) {
        const [dx, dy, height] = [2 * style.slack(), 2 * style.slack(), style.draw([0.98, 1.06])];
        const rotation = second.rotation;
        const over = (): Goal => {
          const [x, y] = trashBin();
          return { position: [x + dx, y + dy, height], rotation, grip: 1 };
        };
        yield* second.go(over, 0.03);
      }
      yield* leave(second, 0.08);
    }
  }

  function* comeNear(): Script {
    const [x, , z] = meeting;
    const ready: Goal = {
      position: [x + style.slack(), 0.28 + style.slack(), z + 0.1],
      rotation: pointingDown(nearestTurn(-Math.PI / 2, Math.PI, yawOf(second.rotation))),
      grip: -1,
    };
    yield* second.go(() => ready, 0.04, 60);
  }

  function* takeOver(): Script {
    const distance = style.draw(along().isHead ? [0.055, 0.065] : [0.065, 0.085]);
    const yaw = nearestTurn(-Math.PI / 2, Math.PI, yawOf(second.rotation));
    const reaching = (before: number, speed: number) => (): Goal => {
      const { axis } = along();
      const rotation = leant(pointingDown(nearestTurn(Math.atan2(axis[1], axis[0]), Math.PI, yaw)), back);
      return { position: pointIn(onHandle(distance), rotation, [0, 0, -before]), rotation, grip: -1, speed };
    };
    yield* second.go(reaching(0.09, 1), 0.02, 100);
    yield* second.go(reaching(0, style.draw([0.4, 0.7])), 0.007, 60);
    yield* second.move(1);
  }

  function* putIn(): Script {
    const over = (height: number, speed: number) => (): Goal => {
      const { axis, isHead } = along();
      const [x, y, z] = hammer().position.map((value, i) => value + (isHead ? 1 : -1) * balance * axis[i]!);
      const [bx, by] = targetBin();
      const [px, py, pz] = second.position;
      return {
        position: [px + bx - x!, py + by - y!, pz + height - z!],
        rotation: leant(second.rotation, Math.asin(axis[2])),
        grip: 1,
        speed,
      };
    };
    yield* second.go(over(carryHeight + 0.04, 1), 0.03, 120, () => !isUp());
    if (!isUp()) return;
    yield* second.go(over(tableHeight + style.draw([0.05, 0.1]), style.draw([0.5, 0.9])), 0.03, 60);
    yield* leave(second, 0.2);
  }

  yield* together([first, [layLidAside(), takeHammerOut()]], [second, [clearTrash(), comeNear()]]);
  for (let attempt = 0; attempt < attempts && isUp(); attempt++) {
    yield* together([first, []], [second, [takeOver()]]);
    if (second.opening > handleWidth / 2) break;
  }
  yield* together([first, [leave(first, 0.14)]], [second, []]);
  yield* together([first, []], [second, [putIn()]]);
}
