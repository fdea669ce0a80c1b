// A stick figure in the plane as a scene: pictures of environments that are simulated without MuJoCo.
import type { Capsule } from "../environment.js";
import { capsule, roundLevels } from "./mesh.js";
import type { Material, Poses, Scene, SceneSource } from "./scene.js";
import { subtract, type Vector } from "./vectors.js";
import type { Viewpoint } from "./view.js";

const paint: Material = {
  color: [0.8, 0.6, 0.4],
  tint: [1, 1, 1],
  alpha: 1,
  specular: 0.4,
  shininess: 0.5,
  emission: 0,
};

/** Links of the lengths that they have at first, where `pose` has them at every picture. */
export function stickFigure(pose: () => readonly Capsule[]): SceneSource {
  const solids = pose().map(({ from, to, radius }, geom) => {
    const half = Math.hypot(to[0] - from[0], to[1] - from[1]) / 2;
    return {
      geom,
      levels: roundLevels(radius, (around) => capsule(radius, half, around)),
      material: paint,
      shape: { type: "capsule" as const, size: [radius, half] },
    };
  });
  const scene: Scene = { solids, planes: [], lights: [], cameras: [] };
  return { scene: () => scene, poses: () => posesOf(pose()) };
}

function posesOf(capsules: readonly Capsule[]): Poses {
  const none = new Float64Array(0);
  const [geomPosition, geomMatrix] = [new Float64Array(3 * capsules.length), new Float64Array(9 * capsules.length)];
  capsules.forEach(({ from, to }, i) => {
    geomPosition.set([(from[0] + to[0]) / 2, 0, (from[1] + to[1]) / 2], 3 * i);
    const [dx, dz] = [to[0] - from[0], to[1] - from[1]];
    const length = Math.hypot(dx, dz);
    const [x, z] = length > 0 ? [dx / length, dz / length] : [0, 1];
    // A turn about y that carries the z axis into the link's; columns are axes.
    geomMatrix.set([z, 0, x, 0, 1, 0, -x, 0, z], 9 * i);
  });
  const lights = { lightPosition: none, lightDirection: none };
  return { geomPosition, geomMatrix, ...lights, cameraPosition: none, cameraMatrix: none };
}

/** From the side, the figure's root (the beginning of its first link) in the middle, with room for it to turn about it. */
export function figureView(capsules: readonly Capsule[]): Viewpoint {
  const [root] = capsules;
  const center: Vector = root ? [root.from[0], 0, root.from[1]] : [0, 0, 0];
  const ends = capsules.flatMap(({ from, to, radius }) =>
    [from, to].map(([x, z]) => ({ at: [x, 0, z] as Vector, radius })),
  );
  const reach = Math.max(...ends.map(({ at, radius }) => Math.hypot(...subtract(at, center)) + radius), 1e-3);
  const fieldOfView = 45;
  const distance = (1.15 * reach) / Math.tan((fieldOfView * Math.PI) / 360);
  return { position: [center[0], -distance, center[2]], right: [1, 0, 0], up: [0, 0, 1], fieldOfView };
}
