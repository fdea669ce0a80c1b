// The kitchen's model (Gupta et al. 2019, "Relay policy learning"), put together from the files of the package d4rl: a Franka Panda
// with seven things to operate. Where nothing is looked at, only what collides is kept: the same physics bit for bit, without the
// megabytes of visible meshes and pictures.
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { contactMemory, element, toXml, type Element } from "../locomotion/model.js";
import { mapElements, readXml } from "../robomimic/read-xml.js";
import type { ModelSource } from "../simulator.js";

const home = "d4rl/kitchen/adept_envs/franka/assets";
const main = "franka_kitchen_jntpos_act_ab.xml";
/** What the files of meshes and pictures are relative to. */
const assetHome = posix.join(home, "../../../adept_models/kitchen");

/**
 * @param folder that has the package's files, see `assetFolder`.
 * @param visible whether what is only seen is part of it, which needs all files.
 */
export function kitchenModel(folder: string, visible = false): ModelSource {
  const read = (path: string) => readXml(readFileSync(join(folder, path), "utf8"), path);
  const [whole] = included(read(posix.join(home, main)), (path) => read(posix.join(home, path)));
  const repaired = mapElements(whole!, repair)!;
  const kept = withoutUnusedMeshes(visible ? repaired : onlyColliding(repaired));
  const files = new Map<string, string>();
  const located = mapElements(kept, (found) => {
    const { file, meshdir, texturedir, ...attributes } = found.attributes;
    if (typeof file !== "string") return { ...found, attributes };
    const path = posix.join(assetHome, file);
    files.set(path, join(folder, path));
    return { ...found, attributes: { ...attributes, file: path } };
  })!;
  return { text: toXml(located), files };
}

/** The elements that stand for one: itself, or those of the file that it includes. */
function included(found: Element, read: (path: string) => Element): Element[] {
  const children = (one: Element) => one.children.flatMap((child) => included(child, read));
  if (found.tag === "include") return children(read(String(found.attributes.file)));
  return [element(found.tag, found.attributes, ...children(found))];
}

/** D4RL's view: 2.2 m from (-0.2, 0.5, 2), azimuth 70 degrees, elevation -35. */
const camera = element("camera", {
  name: "kitchen",
  pos: [-0.816, -1.193, 3.262],
  xyaxes: [0.9397, -0.342, 0, 0.1962, 0.539, 0.8192],
});

/** 0.2 MiB of it are used. The package's own numbers ask for 54, with which 37 simulations fill a thread. */
const memory = contactMemory(4);

/** What newer engines want otherwise, or nobody needs; and a camera. */
function repair(found: Element): Element | undefined {
  // Sizes of arrays that are no longer set, and a pose that is not the one of episodes.
  if (found.tag === "keyframe" || found.tag === "size") return undefined;
  // The floor shows squares: its picture has four million dots, which are lit for every frame.
  if (found.attributes.name === "floor") return { ...found, attributes: { ...found.attributes, material: undefined } };
  if (found.tag !== "mujoco") return found;
  // A class of defaults has to lie in the unnamed one.
  const children = found.children.map((child) =>
    child.tag === "default" && child.attributes.class !== undefined ? element("default", {}, child) : child,
  );
  return { ...found, children: [memory, element("worldbody", {}, camera), ...children] };
}

/** Classes of shapes that something can touch. */
const colliding = /(_col|_collision|^panda_finger)$/;

function onlyColliding(whole: Element): Element {
  return mapElements(withoutVisible(whole, ""), (found) => {
    if (found.tag === "texture" || found.tag === "material") return undefined;
    const { material: _, ...attributes } = found.attributes;
    return { ...found, attributes };
  })!;
}

function withoutUnusedMeshes(whole: Element): Element {
  const used = new Set<unknown>();
  mapElements(whole, (found) => {
    if (found.tag === "geom") used.add(found.attributes.mesh);
    return found;
  });
  return mapElements(whole, (found) => (found.tag === "mesh" && !used.has(found.attributes.name) ? undefined : found))!;
}

/** @param inherited the class that the body above gives to what has none. */
function withoutVisible(found: Element, inherited: string): Element {
  const { childclass } = found.attributes;
  const below = typeof childclass === "string" ? childclass : inherited;
  const isSeen = ({ tag, attributes }: Element) =>
    tag === "geom" && attributes.name !== "floor" && !colliding.test(String(attributes.class ?? below));
  const inDefaults = found.tag === "default";
  const children = found.children.filter((child) => inDefaults || !isSeen(child));
  return { ...found, children: children.map((child) => withoutVisible(child, below)) };
}
