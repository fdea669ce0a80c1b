// MuJoCo models written as data: elements with attributes, and capsules that weigh what they weighed in MuJoCo 2.1.0.
import type { Inertia } from "../environment.js";

export type Attributes = Readonly<Record<string, string | number | boolean | readonly number[] | undefined>>;

export interface Element {
  readonly tag: string;
  readonly attributes: Attributes;
  readonly children: readonly Element[];
}

export function element(tag: string, attributes: Attributes = {}, ...children: readonly Element[]): Element {
  return { tag, attributes, children };
}

/**
 * Memory for contacts and constraints of each simulation. Without a word MuJoCo reserves 13 MiB, and the 2 GiB of a thread hold fewer
 * than 150 of them.
 */
export const contactMemory = (mebibytes: number): Element => element("size", { memory: `${mebibytes}M` });

/** MJCF text. Numbers are written so that they read back exactly; undefined attributes are left out. */
export function toXml({ tag, attributes, children }: Element): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${Array.isArray(value) ? value.join(" ") : String(value)}"`)
    .join("");
  return children.length > 0 ? `<${tag}${written}>${children.map(toXml).join("")}</${tag}>` : `<${tag}${written}/>`;
}

/**
 * A capsule along its own z axis, `halfLength` without the caps (m). With legacy inertia the capsule only collides and a
 * cylinder of half-length `halfLength + radius / 2`, which touches nothing, carries the mass.
 */
export function capsule(radius: number, halfLength: number, attributes: Attributes, inertia: Inertia): Element[] {
  const shape = element("geom", { type: "capsule", size: [radius, halfLength], ...attributes });
  if (inertia === "exact") return [shape];
  return withMass(shape, element("geom", { ...attributes, type: "cylinder", size: [radius, halfLength + radius / 2] }));
}

type Point = readonly [x: number, y: number, z: number];

/** A {@link capsule} whose caps are centred on two points (m). */
export function capsuleBetween(
  radius: number,
  from: Point,
  to: Point,
  attributes: Attributes,
  inertia: Inertia,
): Element[] {
  const shape = element("geom", { type: "capsule", size: radius, fromto: [...from, ...to], ...attributes });
  if (inertia === "exact") return [shape];
  const extension = radius / 2 / Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
  const beyond = (a: Point, b: Point) => a.map((value, axis) => value + extension * (value - b[axis]!));
  const ends = { fromto: [...beyond(from, to), ...beyond(to, from)] };
  return withMass(shape, element("geom", { ...attributes, type: "cylinder", size: radius, ...ends }));
}

/** The first shape collides, the second, which touches nothing, carries the mass. */
function withMass(shape: Element, cylinder: Element): Element[] {
  return [
    { ...shape, attributes: { ...shape.attributes, mass: 0 } },
    { ...cylinder, attributes: { ...cylinder.attributes, contype: 0, conaffinity: 0 } },
  ];
}
