// Models of robosuite 1.4.1 (Zhu et al. 2020, "robosuite: A Modular Simulation Framework and Benchmark for Robot Learning"), put
// together from the package's XML as robosuite does it: base, arena, arms with mount and gripper, objects. What nothing touches is
// left out (pictures, sensors): the physics is bit by bit the same. What is seen is read from the same files, see visible-scene.ts.
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { contactMemory, element, toXml, type Attributes, type Element } from "../locomotion/model.js";
import type { ModelSource } from "../simulator.js";
import { findElement, mapElements, readXml } from "./read-xml.js";

/** Red, green, blue, opacity. */
export type Paint = readonly [number, number, number, number];

/** What one file or builder adds to a model. */
export interface Part {
  readonly bodies: readonly Element[];
  /** Meshes, and for pictures materials and textures; their files are paths below the package's assets. */
  readonly assets?: readonly Element[];
  readonly actuators?: readonly Element[];
}

/** Reads XML of the package. */
export class RobosuiteFiles {
  readonly #assets: string;

  /**
   * @param root the folder that holds its tree.
   * @param isVisible whether parts keep what is only seen, and its materials; by default they do not.
   */
  constructor(
    root: string,
    readonly isVisible = false,
  ) {
    this.#assets = join(root, "robosuite/models/assets");
  }

  /** @param path below the package's assets, e.g. "arenas/table_arena.xml". */
  xml(path: string): Element {
    const file = this.path(path);
    return readXml(readFileSync(file, "utf8"), file);
  }

  /** Of a file below the package's assets, on disk. */
  path(path: string): string {
    return join(this.#assets, path);
  }

  /** Bodies, meshes and actuators of a file, all names with `prefix`; what only pictures need is left out, unless it is asked for. */
  part(path: string, prefix: string): Part {
    const root = this.xml(path);
    const content = (tag: string) => findElement(root, tag)?.children ?? [];
    const own = (found: Element) => (this.isVisible ? prefixed(found, prefix) : physicsOnly(prefixed(found, prefix)));
    return {
      bodies: content("worldbody").flatMap((body) => own(body) ?? []),
      assets: content("asset").flatMap((asset) => {
        if (asset.tag !== "mesh" && !this.isVisible) return [];
        const { file } = asset.attributes;
        const located = file === undefined ? undefined : posix.join(posix.dirname(path), String(file));
        return [prefixed(changed(asset, { file: located }), prefix)];
      }),
      actuators: content("actuator").map((actuator) => prefixed(actuator, prefix)),
    };
  }
}

/**
 * The whole model, as text and files.
 * @param memoryMiB for contacts, per simulation. robosuite's own numbers would ask for more than a gigabyte of each.
 */
export function composeModel(files: RobosuiteFiles, parts: readonly Part[], memoryMiB: number): ModelSource {
  const base = files.xml("base.xml");
  const bodies = parts.flatMap((part) => part.bodies).map(withoutMaterials);
  const used = new Set<unknown>();
  for (const body of bodies) visit(body, ({ attributes }) => used.add(attributes.mesh));
  const meshes = parts.flatMap(({ assets = [] }) => assets).filter(({ attributes }) => used.has(attributes.name));
  const option = findElement(base, "option")!;
  const root = element(
    "mujoco",
    { model: "robosuite" },
    changed(findElement(base, "compiler")!, { meshdir: undefined }),
    changed(option, { timestep: 0.002 }),
    contactMemory(memoryMiB),
    findElement(base, "visual")!,
    element("asset", {}, ...meshes),
    element("worldbody", {}, ...bodies),
    element("actuator", {}, ...parts.flatMap(({ actuators = [] }) => actuators)),
  );
  const paths = [...new Set(meshes.map(({ attributes }) => String(attributes.file)))];
  return { text: toXml(root), files: new Map(paths.map((path) => [path, files.path(path)])) };
}

/** The arena of this file: floor, furniture, light, cameras; `change` as in {@link mapElements}. */
export function arena(
  files: RobosuiteFiles,
  path: string,
  change: (found: Element) => Element | undefined = (found) => found,
): Part {
  const { bodies: found, assets } = files.part(path, "");
  const bodies = found.flatMap((body) => mapElements(body, change) ?? []);
  // Pictures are taken by the first camera unless another is named, films of robomimic by this one.
  const isView = ({ tag, attributes }: Element) => tag === "camera" && attributes.name === "agentview";
  return { bodies: [...bodies.filter(isView), ...bodies.filter((body) => !isView(body))], assets };
}

/** A copy with other attributes; `undefined` removes one. */
export function changed(found: Element, attributes: Attributes): Element {
  return { ...found, attributes: { ...found.attributes, ...attributes } };
}

/** A copy whose shapes have this colour, but for those that are there to be seen. */
export function painted(root: Element, rgba: Paint): Element {
  return mapElements(root, (found) =>
    found.tag === "geom" && found.attributes.group !== "1" ? changed(found, { rgba }) : found,
  )!;
}

/** A copy for where there are no materials. */
export function withoutMaterials(root: Element): Element {
  return mapElements(root, (found) => (found.tag === "geom" ? changed(found, { material: undefined }) : found))!;
}

/** Attributes that name an element or refer to one. */
const references = ["name", "joint", "mesh", "site", "material", "texture"] as const;

function prefixed(root: Element, prefix: string): Element {
  return mapElements(root, (found) => {
    const names = references.filter((key) => found.attributes[key] !== undefined);
    return changed(found, Object.fromEntries(names.map((key) => [key, `${prefix}${String(found.attributes[key])}`])));
  })!;
}

/** Shapes that neither collide nor weigh, and sites other than the grip's, are seen only; colours without pictures suffice. */
function physicsOnly(root: Element): Element | undefined {
  return mapElements(root, (found) => {
    const { contype, conaffinity, group, name } = found.attributes;
    if (found.tag === "geom" && contype === "0" && conaffinity === "0" && group === "1") return undefined;
    if (found.tag === "site" && !String(name).endsWith("grip_site")) return undefined;
    return found;
  });
}

function visit(root: Element, see: (found: Element) => void): void {
  see(root);
  for (const child of root.children) visit(child, see);
}
