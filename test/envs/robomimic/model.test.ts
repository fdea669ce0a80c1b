// Composed models beside robosuite's own, array by array, by the names of what they hold.
import { describe, expect, test } from "vitest";
import { withoutMaterials as bare } from "../../../sdk/src/envs/robomimic/compose.js";
import { cube } from "../../../sdk/src/envs/robomimic/lift.js";
import { Reshaping } from "../../../sdk/src/envs/robomimic/objects.js";
import { taskModel } from "../../../sdk/src/envs/robomimic/manipulation.js";
import { findElement, readXml } from "../../../sdk/src/envs/robomimic/read-xml.js";
import { toXml } from "../../../sdk/src/envs/locomotion/model.js";
import { hammer } from "../../../sdk/src/envs/robomimic/transport.js";
import { Simulator, type ModelSource } from "../../../sdk/src/envs/simulator.js";
import { canCompare, recording, recordedModel, recordedSize, robosuite, tasks, type TaskName } from "./recorded.js";

/** Arrays by what they are of, with how many numbers each has. */
const arrays = {
  body: {
    ...{ body_mass: 1, body_inertia: 3, body_ipos: 3, body_iquat: 4, body_pos: 3, body_quat: 4, body_subtreemass: 1 },
    ...{ body_gravcomp: 1, body_invweight0: 2 },
  },
  joint: {
    ...{ jnt_type: 1, jnt_pos: 3, jnt_axis: 3, jnt_limited: 1, jnt_range: 2, jnt_stiffness: 1, jnt_solref: 2 },
    ...{ jnt_solimp: 5, jnt_margin: 1, jnt_qposadr: 1, jnt_dofadr: 1 },
  },
  geom: {
    ...{ geom_type: 1, geom_contype: 1, geom_conaffinity: 1, geom_condim: 1, geom_priority: 1, geom_solmix: 1 },
    ...{ geom_solref: 2, geom_solimp: 5, geom_size: 3, geom_rbound: 1, geom_pos: 3, geom_quat: 4, geom_aabb: 6 },
    ...{ geom_friction: 3, geom_margin: 1, geom_gap: 1 },
  },
  site: { site_pos: 3, site_quat: 4 },
  camera: { cam_pos: 3, cam_quat: 4, cam_fovy: 1 },
  actuator: {
    ...{ actuator_ctrlrange: 2, actuator_forcerange: 2, actuator_gear: 6, actuator_gainprm: 10, actuator_biasprm: 10 },
    ...{ actuator_trnid: 2, actuator_trntype: 1, actuator_ctrllimited: 1, actuator_forcelimited: 1 },
  },
  none: {
    ...{ dof_armature: 1, dof_damping: 1, dof_frictionloss: 1, dof_M0: 1, dof_invweight0: 1, dof_parentid: 1 },
    ...{ qpos0: 1, qpos_spring: 1 },
  },
} as const;

const addresses = {
  ...{ body: "name_bodyadr", joint: "name_jntadr", geom: "name_geomadr", site: "name_siteadr", camera: "name_camadr" },
  actuator: "name_actuatoradr",
};

function names(simulator: Simulator, kind: keyof typeof addresses): string[] {
  const characters = simulator.modelArray("names");
  return Array.from(simulator.modelArray(addresses[kind]), (start) =>
    String.fromCharCode(...characters.subarray(start, characters.indexOf(0, start))),
  );
}

/** Largest difference in every array, over everything that the first model has; shapes without a name are compared in order. */
function differences(one: Simulator, other: Simulator): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [kind, columns] of Object.entries(arrays)) {
    for (const [array, width] of Object.entries(columns)) {
      const [a, b] = [one.modelArray(array), other.modelArray(array)];
      const rows =
        kind === "none" ? Array.from(a, (_, i) => [i, i]) : pairs(one, other, kind as keyof typeof addresses);
      found[array] = rows.reduce((most, [i, j]) => {
        const parts = Array.from({ length: width }, (_, k) => Math.abs(a[width * i! + k]! - b[width * j! + k]!));
        return Math.max(most, ...parts);
      }, 0);
      expect(rows.length, array).toBeGreaterThan(0);
    }
  }
  return found;
}

function pairs(one: Simulator, other: Simulator, kind: keyof typeof addresses): [number, number][] {
  const [a, b] = [names(one, kind), names(other, kind)];
  const rest = kind === "geom" ? solidNameless(other, b) : [];
  return a.map((name, i) => {
    const j = name === "" && kind === "geom" ? rest.shift()! : b.indexOf(name);
    expect(j, `${kind} ${name}`).toBeGreaterThanOrEqual(0);
    return [i, j];
  });
}

const solidNameless = (simulator: Simulator, known: readonly string[]) => {
  const contype = simulator.modelArray("geom_contype");
  return known.flatMap((name, i) => (name === "" && contype[i] === 1 ? [i] : []));
};

function written(text: string, tag: string): Record<string, unknown> {
  const { attributes } = findElement(readXml(text, "model"), tag)!;
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => key !== "meshdir"));
}

const load = (model: ModelSource, ownsModel = false) => Simulator.load(model, { ownsModel });

describe.skipIf(!canCompare)("composed models", () => {
  test.each(Object.keys(tasks) as TaskName[])("%s is robosuite's", async (name) => {
    const ours = await load(taskModel(tasks[name], robosuite()), true);
    const [size] = [recordedSize(name)];
    if (name === "lift") new Reshaping(ours, "cube_main").apply(cube(size as [number, number, number]));
    if (name === "transport") new Reshaping(ours, "payload_root").apply(hammer(size[0]!));
    const theirs = await load(recordedModel(name));
    const found = differences(ours, theirs);
    for (const [array, difference] of Object.entries(found)) expect(difference, array).toBeLessThanOrEqual(1e-15);
    ours.delete();
    theirs.delete();
    const [text, recorded] = [taskModel(tasks[name], robosuite()).text, recordedModel(name).text];
    for (const tag of ["option", "compiler"]) expect(written(text, tag)).toEqual(written(recorded, tag));
  });

  test.each(["lift", "transport"] as const)("%s with drawn sizes is as if compiled with them", async (name) => {
    const model = taskModel(tasks[name], robosuite());
    const [body, other, shape] =
      name === "lift"
        ? ["cube_main", bare(cube([0.0201, 0.0219, 0.0207])), bare(cube([0.021, 0.021, 0.021]))]
        : (["payload_root", bare(hammer(0.0178)), bare(hammer(0.0165))] as const);
    const changed = await load(model, true);
    new Reshaping(changed, body).apply(other);
    expect(model.text).toContain(toXml(shape));
    const compiled = await load({ ...model, text: model.text.replace(toXml(shape), toXml(other)) });
    const found = differences(changed, compiled);
    for (const [array, difference] of Object.entries(found)) expect(difference, array).toBe(0);
    expect(changed.modelArray("bvh_aabb")).toEqual(compiled.modelArray("bvh_aabb"));
    changed.delete();
    compiled.delete();
  });

  test.each(Object.keys(tasks) as TaskName[])("%s moves bit by bit as with everything in it", async (name) => {
    const [size] = recordedSize(name);
    let { text } = taskModel(tasks[name], robosuite());
    const { files } = taskModel(tasks[name], robosuite());
    if (name === "lift")
      text = text.replace(toXml(bare(cube([0.021, 0.021, 0.021]))), toXml(bare(cube(recordedSize(name) as never))));
    if (name === "transport") text = text.replace(toXml(bare(hammer(0.0165))), toXml(bare(hammer(size!))));
    const { traces } = recording(name);
    const { initialState, ctrl } = traces.afterReset!;
    const [ours, theirs] = [await load({ text, files }), await load(recordedModel(name))];
    for (const simulator of [ours, theirs]) {
      simulator.reset();
      simulator.qpos.set(initialState.slice(1, 1 + simulator.qpos.length));
      simulator.qvel.set(initialState.slice(1 + simulator.qpos.length));
    }
    // Longer than it takes groceries that are not needed to fall to the floor from ten metres.
    for (let i = 0; i < 1000; i++) {
      for (const simulator of [ours, theirs]) {
        simulator.ctrl.set(ctrl[i % 50]!);
        simulator.step(1);
      }
    }
    expect([...ours.qpos]).toEqual([...theirs.qpos]);
    expect(Math.max(...theirs.qvel.map(Math.abs))).toBeGreaterThan(0.1);
    ours.delete();
    theirs.delete();
  });
});
