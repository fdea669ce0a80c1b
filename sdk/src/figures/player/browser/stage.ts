// The scenes of a player: shapes moved by their poses, a ground, lights, and the view, which the mouse turns and zooms.
import {
  CanvasTexture,
  CircleGeometry,
  Color,
  DirectionalLight,
  Fog,
  HemisphereLight,
  Mesh,
  MeshLambertMaterial,
  Object3D,
  PerspectiveCamera,
  Quaternion,
  RepeatWrapping,
  Scene,
  SRGBColorSpace,
  Vector3,
  type Material,
} from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import type { UnpackedRollout } from "../packed.js";
import { drawInto, shadowSide } from "./graphics.js";
import { meshOf } from "./solids.js";

interface Colors {
  readonly sky: string;
  readonly ground: string;
  readonly line: string;
}
const themes: Readonly<Record<"light" | "dark", Colors>> = {
  light: { sky: "#f2f4f7", ground: "#e2e5e9", line: "#bcc4cd" },
  dark: { sky: "#14181d", ground: "#262d35", line: "#3f4955" },
};

/** Of the view, all in metres or degrees. */
export class Stage {
  follows = false;
  readonly #canvas: HTMLCanvasElement;
  readonly #places: readonly Place[];
  readonly #camera: PerspectiveCamera;
  readonly #eye: PerspectiveCamera;
  readonly #controls: OrbitControls;

  /** @param changed called when there is something new to draw. */
  constructor(rollouts: readonly UnpackedRollout[], canvas: HTMLCanvasElement, changed: () => void) {
    this.#canvas = canvas;
    this.#places = rollouts.map((rollout) => new Place(rollout, changed));
    const { view } = rollouts[0]!;
    this.#camera = new PerspectiveCamera(view.fieldOfView, 16 / 9, view.radius / 50, view.radius * 400);
    this.#camera.up.set(0, 0, 1);
    this.#eye = this.#camera.clone();
    this.#camera.position.set(...view.position);
    this.#controls = new OrbitControls(this.#camera, canvas);
    this.#controls.target.set(...view.target);
    this.#controls.minDistance = view.radius / 5;
    this.#controls.maxDistance = view.radius * 40;
    this.#controls.enableZoom = false;
    this.#controls.update();
    this.#controls.saveState();
    this.#controls.addEventListener("change", changed);
    canvas.style.touchAction = "pan-y";
  }

  /** Whether what moves goes farther than the view shows. */
  get goesFar(): boolean {
    return this.#places.some((place) => place.goesFar);
  }

  setTime(time: number): void {
    for (const place of this.#places) place.setTime(time);
  }

  setTheme(dark: boolean): void {
    for (const place of this.#places) place.paint(themes[dark ? "dark" : "light"]);
  }

  setZooming(isOn: boolean): void {
    this.#controls.enableZoom = isOn;
  }

  zoom(factor: number): void {
    const { target } = this.#controls;
    this.#camera.position.sub(target).multiplyScalar(factor).add(target);
    this.#controls.update();
  }

  resetView(): void {
    this.#controls.reset();
  }

  /** @param width CSS pixels. @param ratio pixels of the screen for each. */
  draw(width: number, height: number, ratio: number): void {
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    const share = Math.floor(across / this.#places.length);
    const sights = this.#places.map((place, i) => {
      const camera = i === 0 ? this.#eye : this.#eye.clone();
      const shift = this.follows ? place.shift : zero;
      camera.position.copy(this.#camera.position).add(shift);
      camera.quaternion.copy(this.#camera.quaternion);
      camera.aspect = share / down;
      camera.updateProjectionMatrix();
      place.prepare(camera, target.copy(this.#controls.target).add(shift));
      return { scene: place.scene, camera, left: i * share, width: share };
    });
    drawInto(this.#canvas, across, down, sights);
  }

  /** Frees the graphics card's memory; what is drawn next takes it again. */
  release(): void {
    for (const place of this.#places) place.release();
  }
}

const zero = new Vector3();
const target = new Vector3();
const [turn, nextTurn, side, there] = [new Quaternion(), new Quaternion(), new Vector3(), new Vector3()];

/** One rollout with its scene. */
class Place {
  readonly scene = new Scene();
  /** How far what moves has gone since the beginning, over ground. */
  readonly shift = new Vector3();
  readonly #rollout: UnpackedRollout;
  readonly #bodies: readonly Object3D[];
  readonly #walls: readonly Wall[];
  readonly #sun = new DirectionalLight("#ffffff", 2.4);
  readonly #sky = new HemisphereLight("#ffffff", "#c9c9c9", 1.7);
  readonly #ground: Ground | undefined;
  /** (frames, 2): the middle of what moves, less where it began. */
  readonly #way: Float32Array;

  constructor(rollout: UnpackedRollout, changed: () => void) {
    this.#rollout = rollout;
    const { poses, shapes, ground, view } = rollout;
    this.#bodies = Array.from({ length: poses }, () => new Object3D());
    const meshes = shapes.map((shape) => {
      const mesh = meshOf(shape, changed);
      this.#bodies[shape.pose]!.add(mesh);
      return mesh;
    });
    this.scene.add(...this.#bodies, this.#sun, this.#sun.target, this.#sky);
    this.#walls = meshes.flatMap((mesh) => wallOf(mesh, view.radius) ?? []);
    this.#way = wayOf(rollout);
    if (ground) {
      this.#ground = new Ground(view.radius, ground.height);
      this.scene.add(this.#ground.mesh);
    }
    const reach = 2.2 * view.radius;
    this.#sun.castShadow = true;
    this.#sun.shadow.mapSize.set(shadowSide(), shadowSide());
    Object.assign(this.#sun.shadow.camera, {
      left: -reach,
      right: reach,
      top: reach,
      bottom: -reach,
      near: 0.1,
      far: 10 * reach,
    });
    this.#sun.shadow.radius = 4;
    this.#sun.shadow.normalBias = view.radius / 150;
    this.#sun.shadow.intensity = 0.75;
    this.setTime(0);
  }

  get goesFar(): boolean {
    const { ground, view } = this.#rollout;
    const way = this.#way;
    // On a table nobody goes far, whatever is thrown from it.
    if (!ground) return false;
    for (let at = 0; at < way.length; at += 2) if (Math.hypot(way[at]!, way[at + 1]!) > 1.5 * view.radius) return true;
    return false;
  }

  /** Between two frames, what lies between their poses. */
  setTime(time: number): void {
    const { frames, secondsPerFrame, poses, positions, rotations } = this.#rollout;
    const exact = Math.min(frames - 1, time / secondsPerFrame);
    const frame = Math.min(Math.floor(exact), Math.max(0, frames - 2));
    const next = Math.min(frame + 1, frames - 1);
    const share = exact - frame;
    const between = (values: Float32Array, a: number, b: number) => values[a]! + share * (values[b]! - values[a]!);
    this.#bodies.forEach((body, pose) => {
      const [p, q] = [3 * (frame * poses + pose), 3 * (next * poses + pose)];
      body.position.set(between(positions, p, q), between(positions, p + 1, q + 1), between(positions, p + 2, q + 2));
      setQuaternion(turn, rotations, 4 * (frame * poses + pose));
      setQuaternion(nextTurn, rotations, 4 * (next * poses + pose));
      body.quaternion.copy(turn).slerp(nextTurn, share);
    });
    this.shift.set(between(this.#way, 2 * frame, 2 * next), between(this.#way, 2 * frame + 1, 2 * next + 1), 0);
  }

  paint(colors: Colors): void {
    this.scene.background = new Color(colors.sky);
    this.#ground?.paint(colors);
  }

  /** What depends on where one looks from: light, shadow and ground go along, and walls in between are left out. */
  prepare(camera: PerspectiveCamera, focus: Vector3): void {
    const {
      radius,
      target: [x, y, z],
    } = this.#rollout.view;
    this.#sun.target.position.set(x, y, z).add(this.shift);
    this.#sun.position.copy(this.#sun.target.position).add(there.set(1.6, -2.2, 5).multiplyScalar(radius));
    this.#ground?.follow(camera, focus);
    this.scene.updateMatrixWorld();
    for (const wall of this.#walls) wall.mesh.visible = !isBetween(wall, camera.position, focus);
  }

  release(): void {
    this.scene.traverse((object) => {
      if (!(object instanceof Mesh)) return;
      const { geometry, material } = object as Mesh & { material: Material & { map?: { dispose(): void } | null } };
      geometry.dispose();
      material.map?.dispose();
      material.dispose();
    });
    this.#sun.dispose();
  }
}

function setQuaternion(out: Quaternion, values: Float32Array, at: number): void {
  out.set(values[at + 1]!, values[at + 2]!, values[at + 3]!, values[at]!).normalize();
}

function wayOf({ frames, poses, positions }: UnpackedRollout): Float32Array {
  const moving = Array.from({ length: poses }, (_, pose) => pose).filter((pose) => {
    for (let frame = 1; frame < frames; frame++) {
      for (let axis = 0; axis < 3; axis++) {
        if (Math.abs(positions[3 * (frame * poses + pose) + axis]! - positions[3 * pose + axis]!) > 1e-3) return true;
      }
    }
    return false;
  });
  const way = new Float32Array(2 * frames);
  for (let frame = 0; frame < frames; frame++) {
    for (let axis = 0; axis < 2; axis++) {
      let sum = 0;
      for (const pose of moving) sum += positions[3 * (frame * poses + pose) + axis]! - positions[3 * pose + axis]!;
      way[2 * frame + axis] = moving.length > 0 ? sum / moving.length : 0;
    }
  }
  return way;
}

/** Something large and thin that may stand before everything else. */
interface Wall {
  readonly mesh: Mesh;
  readonly axis: 0 | 1 | 2;
}

function wallOf(mesh: Mesh, radius: number): Wall | undefined {
  mesh.geometry.computeBoundingBox();
  const size = mesh.geometry.boundingBox!.getSize(new Vector3()).multiply(mesh.scale);
  const order = ([0, 1, 2] as const).toSorted((a, b) => size.getComponent(a) - size.getComponent(b));
  const [thin, wide] = [size.getComponent(order[0]!), size.getComponent(order[1]!)];
  return wide > 2 * radius && thin < 0.12 * wide ? { mesh, axis: order[0]! } : undefined;
}

function isBetween({ mesh, axis }: Wall, eye: Vector3, focus: Vector3): boolean {
  side.setFromMatrixColumn(mesh.matrixWorld, axis);
  mesh.geometry.boundingBox!.getCenter(there).applyMatrix4(mesh.matrixWorld);
  const level = side.dot(there);
  return (side.dot(eye) - level) * (side.dot(focus) - level) < 0;
}

/** A grid that fades into the distance. */
class Ground {
  readonly mesh: Mesh<CircleGeometry, MeshLambertMaterial>;
  readonly #cell: number;
  readonly #fog = new Fog("#ffffff");

  constructor(radius: number, height: number) {
    // 1, 2 or 5 times a power of ten, about the size of what moves.
    const power = 10 ** Math.floor(Math.log10(radius));
    this.#cell = [5, 2, 1].map((digit) => digit * power).find((cell) => cell <= radius) ?? power;
    const size = 120 * this.#cell;
    const geometry = new CircleGeometry(size, 64);
    const { position, uv } = geometry.attributes;
    for (let i = 0; i < position!.count; i++)
      uv!.setXY(i, position!.getX(i) / this.#cell, position!.getY(i) / this.#cell);
    this.mesh = new Mesh(geometry, new MeshLambertMaterial());
    this.mesh.position.z = height;
    this.mesh.receiveShadow = true;
  }

  paint({ sky, ground, line }: Colors): void {
    const { material } = this.mesh;
    const side = 512;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: side, height: side });
    const context = canvas.getContext("2d")!;
    context.fillStyle = ground;
    context.fillRect(0, 0, side, side);
    context.strokeStyle = line;
    context.lineWidth = 10;
    context.strokeRect(0, 0, side, side);
    const texture = new CanvasTexture(canvas);
    texture.wrapS = texture.wrapT = RepeatWrapping;
    texture.colorSpace = SRGBColorSpace;
    texture.anisotropy = 8;
    material.map?.dispose();
    material.map = texture;
    material.needsUpdate = true;
    this.#fog.color.set(sky);
  }

  follow(camera: PerspectiveCamera, focus: Vector3): void {
    const { mesh } = this;
    mesh.position.x = this.#cell * Math.round(focus.x / this.#cell);
    mesh.position.y = this.#cell * Math.round(focus.y / this.#cell);
    const distance = camera.position.distanceTo(focus);
    Object.assign(this.#fog, { near: 1.2 * distance, far: 6 * distance });
    const { parent } = mesh;
    if (parent instanceof Scene) parent.fog = this.#fog;
  }
}
