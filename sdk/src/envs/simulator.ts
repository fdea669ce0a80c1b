// The door to MuJoCo, compiled to WebAssembly: loads a model, steps it, lends views of its state.
// Todorov, Erez, Tassa 2012, "MuJoCo: A physics engine for model-based control".
import type { MainModule, MjData, MjModel } from "mujoco-js";
import { readFileSync } from "node:fs";
import { dirname } from "node:path/posix";
import { fail, InputError } from "../errors.js";
import { oneLine, reasonOf } from "./model-reason.js";

let engine: Promise<MainModule> | undefined;

/** Compiled models of this thread by their text; one serves any number of simulators. */
const models = new Map<string, { readonly model: MjModel; users: number }>();

/** A model with files beside its text. Texts that are equal mean equal files. */
export interface ModelSource {
  /** MJCF. */
  readonly text: string;
  /** Path in the model -> file on disk, e.g. of meshes. */
  readonly files: ReadonlyMap<string, string>;
}

/** Arrays of the state that are lent instead of copied, by their names in the engine. */
const lentArrays = [
  ...["qpos", "qvel", "ctrl", "xpos", "xquat", "xipos", "cinert", "cvel", "qfrc_actuator", "qfrc_bias"],
  ...["xanchor", "xaxis", "qM", "site_xpos", "site_xmat", "geom_xpos", "geom_xmat"],
];

/** MuJoCo's mjtObj. */
const objectTypes = { body: 1, joint: 3, geom: 5, site: 6, equality: 17, actuator: 19 } as const;

/** One simulation: a model shared with others, and its own state. */
export class Simulator {
  readonly #mujoco: MainModule;
  readonly #source: string;
  readonly #model: MjModel;
  readonly #data: MjData;
  /** Seconds per engine step. */
  readonly timestep: number;
  /** Masses of the bodies (nbody), the world's first. */
  readonly bodyMass: Float64Array;
  readonly #views: Record<string, Float64Array> = {};
  readonly #ownsModel: boolean;

  private constructor(mujoco: MainModule, { text, files }: ModelSource, ownsModel = false) {
    this.#mujoco = mujoco;
    this.#source = text;
    this.#ownsModel = ownsModel;
    const shared = acquireModel(mujoco, text, files);
    this.#model = ownsModel ? this.#allocated(() => new mujoco.MjModel(shared), shared) : shared;
    this.#data = this.#allocated(() => new mujoco.MjData(this.#model), this.#model);
    this.timestep = this.#model.opt.timestep;
    this.bodyMass = this.modelArray("body_mass");
    this.#lendViews();
  }

  /**
   * @param source MJCF text, or text and files.
   * @param options.ownsModel whether the model is a copy, which {@link writeModel} may change; default false.
   * @throws InputError DMPO_ENV_MODEL, DMPO_ENV_MEMORY; the engine's exception carries no text, only its kind.
   */
  static async load(
    source: string | ModelSource,
    { ownsModel = false }: { readonly ownsModel?: boolean } = {},
  ): Promise<Simulator> {
    return new Simulator(await (engine ??= loadEngine()), modelSource(source), ownsModel);
  }

  /** Joint positions (nq), writable. Valid until the next `load` or `step` in this thread. */
  get qpos(): Float64Array {
    return this.#lent("qpos");
  }

  /** Joint velocities (nv), writable; valid as `qpos` is. */
  get qvel(): Float64Array {
    return this.#lent("qvel");
  }

  /** Controls (nu), writable; valid as `qpos` is. */
  get ctrl(): Float64Array {
    return this.#lent("ctrl");
  }

  /** Positions of the bodies' frames (nbody, 3); valid as `qpos` is. */
  get xpos(): Float64Array {
    return this.#lent("xpos");
  }

  /** Where the frame of a body is (m, quaternion w first). */
  poseOf(body: number): { position: [number, number, number]; rotation: [number, number, number, number] } {
    const [p, q] = [this.#lent("xpos"), this.#lent("xquat")];
    return {
      position: [p[3 * body]!, p[3 * body + 1]!, p[3 * body + 2]!],
      rotation: [q[4 * body]!, q[4 * body + 1]!, q[4 * body + 2]!, q[4 * body + 3]!],
    };
  }

  /** Positions of the bodies' centres of mass (nbody, 3); valid as `qpos` is. */
  get xipos(): Float64Array {
    return this.#lent("xipos");
  }

  /** Inertias of the bodies about the whole's centre of mass (nbody, 10); valid as `qpos` is. */
  get cinert(): Float64Array {
    return this.#lent("cinert");
  }

  /** Velocities of the bodies about the whole's centre of mass (nbody, 6); valid as `qpos` is. */
  get cvel(): Float64Array {
    return this.#lent("cvel");
  }

  /** What the actuators exert on each degree of freedom (nv); valid as `qpos` is. */
  get actuatorForce(): Float64Array {
    return this.#lent("qfrc_actuator");
  }

  /** Gravity and Coriolis forces on each degree of freedom (nv); valid as `qpos` is. */
  get bias(): Float64Array {
    return this.#lent("qfrc_bias");
  }

  /** Rotations of the bodies' frames (nbody, 4), w first; valid as `qpos` is. */
  get xquat(): Float64Array {
    return this.#lent("xquat");
  }

  /** Positions of the sites (nsite, 3); valid as `qpos` is. */
  get sitePosition(): Float64Array {
    return this.#lent("site_xpos");
  }

  /** Rotations of the sites (nsite, 3, 3); valid as `qpos` is. */
  get siteMatrix(): Float64Array {
    return this.#lent("site_xmat");
  }

  /** Positions of the geoms (ngeom, 3); valid as `qpos` is. */
  get geomPosition(): Float64Array {
    return this.#lent("geom_xpos");
  }

  /** Rotations of the geoms (ngeom, 3, 3); valid as `qpos` is. */
  get geomMatrix(): Float64Array {
    return this.#lent("geom_xmat");
  }

  /** Points on the joints' axes (njnt, 3); valid as `qpos` is. */
  get jointAnchor(): Float64Array {
    return this.#lent("xanchor");
  }

  /** Directions of the joints' axes (njnt, 3); valid as `qpos` is. */
  get jointAxis(): Float64Array {
    return this.#lent("xaxis");
  }

  /** The mass matrix: for each degree of freedom its entries with itself, its parent, and so on; valid as `qpos` is. */
  get massMatrix(): Float64Array {
    return this.#lent("qM");
  }

  /** First half of an engine step: all that depends on positions and velocities, from which controls may be computed. */
  beginStep(): void {
    this.#mujoco.mj_step1(this.#model, this.#data);
  }

  /** Second half, with the controls. Both halves give what {@link step} gives, except for Runge-Kutta. */
  endStep(): void {
    this.#mujoco.mj_step2(this.#model, this.#data);
  }

  /** Advances by `count` engine steps. Derived quantities keep the last Runge-Kutta stage, as in the reference. */
  step(count: number): void {
    for (let i = 0; i < count; i++) this.#mujoco.mj_step(this.#model, this.#data);
  }

  /** Back to the initial state; what is then written to `qpos` and `qvel` takes effect with {@link forward}. */
  reset(): void {
    this.#mujoco.mj_resetData(this.#model, this.#data);
  }

  /** Recomputes everything derived from the state. */
  forward(): void {
    this.#mujoco.mj_forward(this.#model, this.#data);
  }

  /** Another simulation at once, since the engine is there already. @throws InputError DMPO_ENV_MODEL. */
  another(source: string | ModelSource): Simulator {
    return new Simulator(this.#mujoco, modelSource(source));
  }

  /** Index of a geom, body, joint, site, equality constraint or actuator by its name, for the arrays by those; -1 where there is none. */
  indexOf(kind: keyof typeof objectTypes, name: string): number {
    return this.#mujoco.mj_name2id(this.#model, objectTypes[kind], name);
  }

  /** Indices of the two geoms of each contact. */
  contacts(): [number, number][] {
    const count = this.#data.ncon;
    if (count === 0) return [];
    // A copy in the engine's memory, as each of its entries is: nothing frees them but this.
    const contacts = this.#data.contact;
    const pairs = Array.from({ length: count }, (_, i): [number, number] => {
      const contact = contacts.get(i)!;
      const pair: [number, number] = [contact.geom1, contact.geom2];
      contact.delete();
      return pair;
    });
    contacts.delete();
    return pairs;
  }

  /** Copy of an array of the compiled model, e.g. "body_mass"; not for hot loops. */
  modelArray(name: string): Float64Array {
    return copyOf(this.#model, name);
  }

  /** Writes part of an array of the model, which must be this simulation's own; {@link deriveConstants} follows. */
  writeModel(name: string, values: ArrayLike<number>, offset: number): void {
    (this.#model as unknown as Record<string, Float64Array>)[name]!.set(values, offset);
  }

  /** Computes again what follows from masses and frames of the model: inverse weights, means. The state is lost. */
  deriveConstants(): void {
    this.#mujoco.mj_setConst(this.#model, this.#data);
  }

  /** Copy of an array of the current state, e.g. "geom_xpos"; not for hot loops. */
  dataArray(name: string): Float64Array {
    return copyOf(this.#data, name);
  }

  /**
   * An array of the compiled model, e.g. "eq_data", writable; valid as `qpos` is. Simulators of one text share their model: who
   * writes to it gives it a text of its own.
   */
  modelView(name: string): Float64Array | Int32Array {
    return viewOf(this.#model, name);
  }

  /** An array of the current state, e.g. "xfrc_applied", writable; valid as `qpos` is. */
  dataView(name: string): Float64Array | Uint8Array {
    return viewOf(this.#data, name);
  }

  /** Frees the engine's memory; the simulator must not be used afterwards. */
  delete(): void {
    this.#data.delete();
    if (this.#ownsModel) this.#model.delete();
    releaseModel(this.#source);
  }

  /** What `make` makes of a model. @throws InputError DMPO_ENV_MEMORY where this thread's engine has no room for it. */
  #allocated<Made>(make: () => Made, model: MjModel): Made {
    try {
      return make();
    } catch (error) {
      const mebibytes = Math.ceil(Number(model.narena) / 2 ** 20);
      const others = simulations() - 1;
      if (this.#ownsModel && model === this.#model) model.delete();
      releaseModel(this.#source);
      if (!isFull(String(error))) throw error;
      return failFull(others, `, or \`<size memory="1M"/>\` in its MJCF, which now reserves ${mebibytes} MiB for each`);
    }
  }

  /** Views of WebAssembly memory die (length 0) when that memory grows, e.g. for another simulator. */
  #lent(name: string): Float64Array {
    if (this.#views[name]!.length === 0) this.#lendViews();
    return this.#views[name]!;
  }

  #lendViews(): void {
    const data = this.#data as unknown as Record<string, Float64Array>;
    for (const name of lentArrays) this.#views[name] = data[name]!;
  }
}

function viewOf<View>(holder: MjModel | MjData, name: string): View {
  return (holder as unknown as Record<string, View>)[name]!;
}

function copyOf(holder: MjModel | MjData, name: string): Float64Array {
  return Float64Array.from((holder as unknown as Record<string, Float64Array>)[name]!);
}

const modelSource = (source: string | ModelSource): ModelSource =>
  typeof source === "string" ? { text: source, files: new Map() } : source;

function acquireModel(mujoco: MainModule, source: string, files: ModelSource["files"]): MjModel {
  let entry = models.get(source);
  if (!entry) models.set(source, (entry = { model: compileModel(mujoco, source, files), users: 0 }));
  entry.users++;
  return entry.model;
}

function releaseModel(source: string): void {
  const entry = models.get(source)!;
  if (--entry.users > 0) return;
  models.delete(source);
  entry.model.delete();
}

/** How many there are in this thread. */
const simulations = () => [...models.values()].reduce((sum, { users }) => sum + users, 0);

/** The engine has no better word for full memory than that it stops. */
const isFull = (reason: string) => /allocate|Aborted/.test(reason);

function failFull(others: number, more = ""): never {
  const wrong = `the engine's memory, 2 GiB in each thread, is full with ${others} of them in this thread`;
  return fail(
    "DMPO_ENV_MEMORY",
    "environments",
    wrong,
    "as many as there is room for",
    `fewer environments, more workers${more}`,
  );
}

/** The engine's file system holds the files for as long as it compiles. */
function compileModel(mujoco: MainModule, source: string, files: ModelSource["files"]): MjModel {
  const written: string[] = [];
  const write = (name: string, content: string | Uint8Array) => {
    const path = `/model/${name}`;
    mujoco.FS.mkdirTree(dirname(path), 0o777);
    mujoco.FS.writeFile(path, content);
    written.push(path);
    return path;
  };
  const compile = (text: string) => mujoco.MjModel.loadFromXML(write("model.xml", text)) as MjModel | null;
  const wrong = (reason: string) => fail("DMPO_ENV_MODEL", "model", reason, "a model that MuJoCo can compile");
  heard = [];
  try {
    for (const [name, path] of files) write(name, readFileSync(path));
    // Of text that is no XML there is no model, and the reason is printed.
    return compile(source) ?? wrong(oneLine(heard.join("\n")) || "MuJoCo makes nothing of it and says no reason");
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = reasonOf(mujoco, error, (text) => compile(text)!);
    return isFull(reason) ? failFull(simulations()) : wrong(reason);
  } finally {
    heard = undefined;
    for (const path of new Set(written)) mujoco.FS.unlink(path);
  }
}

/** The engine, for what reads its reasons. */
export type Engine = MainModule;

/** What the engine prints while it compiles a model. */
let heard: string[] | undefined;

/** Ten megabytes of WebAssembly, loaded by the first simulation. */
async function loadEngine(): Promise<MainModule> {
  const { default: load } = await import("mujoco-js");
  return load({
    print: (line: string) => (heard ? heard.push(line) : console.log(line)),
    printErr(line: string) {
      if (heard) heard.push(line);
      // That its memory is full is said by who asked for more.
      else if (!/^Cannot enlarge memory/.test(line)) console.error(line);
    },
  });
}
