// Robots that live in a vertical plane, as a tree of links: the same table gives the model and the stick figure.
// Coordinates are (x, z); angles turn about +y, so that a positive angle takes z towards x.
import type { Capsule, Inertia } from "../environment.js";
import { capsule, element, type Element } from "./model.js";

type Point = readonly [x: number, z: number];

/** A link's shape; angles turn the capsule's axis from the link's z axis (rad). */
export interface LinkCapsule {
  /** Name in pictures; default: the link's. */
  readonly name?: string;
  readonly radius: number;
  /** Without the caps (m). */
  readonly halfLength: number;
  readonly center: Point;
  readonly angle: number;
  /** Sliding friction; default: the model's. */
  readonly friction?: number;
}

interface Limb {
  readonly name: string;
  /** Origin in the parent's frame, for the torso in the world's (m). */
  readonly position: Point;
  readonly capsules: readonly LinkCapsule[];
  readonly children?: readonly Link[];
}

/** The root: slides along x and z and turns. */
export interface Torso extends Limb {
  /** Whether its coordinate z counts from the ground or from where the model has it. */
  readonly heightFrom: "ground" | "model";
}

export interface Link extends Limb {
  /** The joint with the parent. */
  readonly hinge: {
    readonly name: string;
    /** Turns about +y (1) or -y (-1). */
    readonly axis: 1 | -1;
    /** In the link's own frame (m). */
    readonly anchor: Point;
    /** In the model's unit of angles. */
    readonly range: readonly [number, number];
    /** N m s; default: the model's. */
    readonly damping?: number;
    /** N m; default: the model's. */
    readonly stiffness?: number;
  };
}

const spatial = ([x, z]: Point): readonly number[] => [x, 0, z];

/** The torso and all below it as MJCF. The first coordinates are x, z and the pitch. */
export function planarRobot(torso: Torso, inertia: Inertia, ...extras: readonly Element[]): Element {
  const free = { armature: 0, damping: 0, stiffness: 0, limited: false };
  const start = torso.heightFrom === "ground" ? torso.position[1] : 0;
  const ground = [0, 0, -start];
  return limbBody(torso, inertia, [
    element("joint", { name: "rootx", type: "slide", axis: [1, 0, 0], pos: ground, ...free }),
    element("joint", { name: "rootz", type: "slide", axis: [0, 0, 1], pos: ground, ref: start, ...free }),
    element("joint", { name: "rooty", type: "hinge", axis: [0, 1, 0], ...free }),
    ...extras,
  ]);
}

function limbBody(limb: Limb, inertia: Inertia, extras: readonly Element[]): Element {
  return element(
    "body",
    { name: limb.name, pos: spatial(limb.position) },
    ...extras,
    ...limb.capsules.flatMap(({ radius, halfLength, center, angle, friction }) => {
      const half = angle / 2;
      const placement = { pos: spatial(center), quat: [Math.cos(half), 0, Math.sin(half), 0], friction };
      return capsule(radius, halfLength, placement, inertia);
    }),
    ...(limb.children ?? []).map((child) => limbBody(child, inertia, [hinge(child)])),
  );
}

function hinge({ hinge: { axis, anchor, ...rest } }: Link): Element {
  return element("joint", { type: "hinge", axis: [0, axis, 0], pos: spatial(anchor), ...rest });
}

/** Capsules from the torso outwards for joint positions `qpos` = (x, z, pitch, hinges in the order of the tree). */
export function planarPose(torso: Torso, qpos: ArrayLike<number>): Capsule[] {
  const capsules: Capsule[] = [];
  let joint = 3;

  function place(limb: Limb, origin: Point, angle: number): void {
    for (const { name = limb.name, radius, halfLength, center, angle: tilt } of limb.capsules) {
      const middle = add(origin, rotate(center, angle));
      const reach = rotate([0, halfLength], angle + tilt);
      capsules.push({ name, from: add(middle, reach, -1), to: add(middle, reach), radius });
    }
    for (const child of limb.children ?? []) {
      const { axis, anchor } = child.hinge;
      const turned = angle + axis * qpos[joint++]!;
      // The anchor is the point that the hinge leaves in place.
      const pivot = add(origin, rotate(add(child.position, anchor), angle));
      place(child, add(pivot, rotate(anchor, turned), -1), turned);
    }
  }

  const height = torso.heightFrom === "ground" ? 0 : torso.position[1];
  place(torso, [torso.position[0] + qpos[0]!, height + qpos[1]!], qpos[2]!);
  return capsules;
}

function rotate([x, z]: Point, angle: number): Point {
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  return [x * cos + z * sin, z * cos - x * sin];
}

function add(a: Point, b: Point, scale = 1): Point {
  return [a[0] + scale * b[0], a[1] + scale * b[1]];
}
