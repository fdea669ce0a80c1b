// Robots that live in a vertical plane, as a tree of links: the same table gives the model and the stick figure.
// Coordinates are (x, z); angles turn about +y, so that a positive angle takes z towards x.
import type { Capsule, Inertia } from "../environment.js";
import { capsule, element, type Attributes, type Element } from "./model.js";

type Point = readonly [x: number, z: number];

/** The root slides along x and z and turns. */
export interface Torso {
  readonly name: string;
  /** Origin in the parent's frame, for the torso in the world's (m). */
  readonly position: Point;
  readonly capsule: {
    readonly radius: number;
    readonly halfLength: number;
    readonly center: Point;
    /** Turn of the capsule's axis from the link's z axis (rad). */
    readonly angle: number;
    readonly friction: number;
  };
  readonly children?: readonly Link[];
}

export interface Link extends Torso {
  /** The joint with the parent. */
  readonly hinge: {
    readonly name: string;
    /** Turns about +y (1) or -y (-1). */
    readonly axis: 1 | -1;
    /** In the link's own frame (m). */
    readonly anchor: Point;
    /** In the model's unit of angles. */
    readonly range: readonly [number, number];
  };
}

const spatial = ([x, z]: Point): readonly number[] => [x, 0, z];

/** The torso and all below it as MJCF. The torso's first coordinates are x, absolute z, and the pitch. */
export function planarRobot(torso: Torso, inertia: Inertia, ...extras: readonly Element[]): Element {
  const free = { armature: 0, damping: 0, stiffness: 0, limited: false };
  const start = torso.position[1];
  const ground = [0, 0, -start];
  return linkBody(torso, inertia, [
    element("joint", { name: "rootx", type: "slide", axis: [1, 0, 0], pos: ground, ...free }),
    element("joint", { name: "rootz", type: "slide", axis: [0, 0, 1], pos: ground, ref: start, ...free }),
    element("joint", { name: "rooty", type: "hinge", axis: [0, 1, 0], ...free }),
    ...extras,
  ]);
}

function linkBody(link: Torso, inertia: Inertia, extras: readonly Element[]): Element {
  const { radius, halfLength, center, angle, friction } = link.capsule;
  const half = angle / 2;
  const placement: Attributes = { pos: spatial(center), quat: [Math.cos(half), 0, Math.sin(half), 0], friction };
  return element(
    "body",
    { name: link.name, pos: spatial(link.position) },
    ...extras,
    ...capsule(radius, halfLength, placement, inertia),
    ...(link.children ?? []).map((child) => linkBody(child, inertia, [hinge(child)])),
  );
}

function hinge({ hinge: { name, axis, anchor, range } }: Link): Element {
  return element("joint", { name, type: "hinge", axis: [0, axis, 0], pos: spatial(anchor), range });
}

/** Capsules from the torso outwards for joint positions `qpos` = (x, z, pitch, hinges in the order of the tree). */
export function planarPose(torso: Torso, qpos: ArrayLike<number>): Capsule[] {
  const capsules: Capsule[] = [];
  let joint = 3;

  function place(link: Torso, origin: Point, angle: number): void {
    const { radius, halfLength, center } = link.capsule;
    const middle = add(origin, rotate(center, angle));
    const reach = rotate([0, halfLength], angle + link.capsule.angle);
    capsules.push({ name: link.name, from: add(middle, reach, -1), to: add(middle, reach), radius });
    for (const child of link.children ?? []) {
      const { axis, anchor } = child.hinge;
      const turned = angle + axis * qpos[joint++]!;
      // The anchor is the point that the hinge leaves in place.
      const pivot = add(origin, rotate(add(child.position, anchor), angle));
      place(child, add(pivot, rotate(anchor, turned), -1), turned);
    }
  }

  place(torso, [qpos[0]!, qpos[1]!], qpos[2]!);
  return capsules;
}

function rotate([x, z]: Point, angle: number): Point {
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  return [x * cos + z * sin, z * cos - x * sin];
}

function add(a: Point, b: Point, scale = 1): Point {
  return [a[0] + scale * b[0], a[1] + scale * b[1]];
}
