// What robosuite 1.4.1 itself did in each task: its composed models, and traces of given actions (../shared/golden/README.md).
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { assetFolder } from "../../../sdk/src/envs/assets/assets.js";
import { canTask } from "../../../sdk/src/envs/robomimic/can.js";
import { liftTask } from "../../../sdk/src/envs/robomimic/lift.js";
import { squareTask } from "../../../sdk/src/envs/robomimic/square.js";
import { transportTask } from "../../../sdk/src/envs/robomimic/transport.js";
import { hasAssets } from "../../assets.js";
import { hasShared, sharedFile } from "../../shared.js";

export const tasks = { lift: liftTask, can: canTask, square: squareTask, transport: transportTask } as const;
export type TaskName = keyof typeof tasks;

const recordedAs = { lift: "Lift", can: "PickPlaceCan", square: "NutAssemblySquare", transport: "TwoArmTransport" };

/** Whether both the recordings and the package's files are here. */
export const canCompare = hasShared && hasAssets("robosuite");

/** Folder of the package's tree. */
export const robosuite = () => assetFolder("robosuite");

const recordedFile = (task: TaskName, end: string) =>
  sharedFile(`golden/robosuite/robosuite-${recordedAs[task]}${end}`);

export interface Trace {
  /** Time, positions, velocities. */
  readonly initialState: readonly number[];
  readonly initialObs: readonly number[];
  /** One action of seven per arm, or seven numbers where there is one arm. */
  readonly actions: readonly (readonly number[])[];
  readonly state: readonly (readonly number[])[];
  readonly reward: readonly number[];
  readonly qpos: readonly (readonly number[])[];
  readonly qvelAt: Readonly<Record<string, readonly number[]>>;
  readonly contacts: readonly number[];
  readonly ctrl: readonly (readonly number[])[];
}

export interface Recording {
  readonly model: { readonly nq: number; readonly nv: number };
  readonly jointNames: readonly string[];
  readonly traces: Readonly<Record<string, Trace>>;
}

export function recording(task: TaskName): Recording {
  return JSON.parse(readFileSync(recordedFile(task, ".json"), "utf8")) as Recording;
}

const assetRoot = "robosuite-assets/";

/**
 * The model that robosuite composed. Without `pictures` its visual meshes and textures are left out, which are not among the files
 * for physics; all else stays, sensors and visual boxes too.
 */
export function recordedModel(task: TaskName, { pictures = false } = {}) {
  // Its own limits for contacts ask for more memory than there is.
  let text = readFileSync(recordedFile(task, ".model.xml"), "utf8").replace(/<size[^>]*>/, '<size memory="8M"/>');
  text = text.replaceAll(`file="${assetRoot}`, 'file="').replace('meshdir="meshes/"', "");
  if (!pictures) {
    text = text.replace(/<geom\b[^>]*type="mesh"[^>]*group="1"[^>]*>|<geom\b[^>]*group="1"[^>]*type="mesh"[^>]*>/g, "");
    text = text.replace(/<(texture|material)\b[^>]*>/g, "").replace(/\smaterial="[^"]*"/g, "");
    const used = new Set([...text.matchAll(/<geom\b[^>]*\bmesh="([^"]+)"/g)].map(([, name]) => name));
    text = text.replace(/<mesh\b[^>]*>/g, (mesh) => (used.has(/\bname="([^"]+)"/.exec(mesh)![1]) ? mesh : ""));
  }
  const paths = new Set([...text.matchAll(/file="([^"]+)"/g)].map(([, path]) => path!));
  const folder = `${robosuite()}/robosuite/models/assets`;
  return { text, files: new Map([...paths].map((path) => [path, posix.normalize(`${folder}/${path}`)])) };
}

/** Sizes that robosuite drew for its recording: of the cube (m), or of half the hammer's head. */
export function recordedSize(task: TaskName): number[] {
  const { text } = recordedModel(task);
  const name = { lift: "cube_g0", transport: "payload_face" }[task as string] ?? "";
  const shape = [...text.matchAll(/<geom\b[^>]*>/g)].find(([geom]) => geom.includes(`name="${name}"`));
  return shape ? /\bsize="([^"]+)"/.exec(shape[0])![1]!.split(" ").map(Number) : [];
}
