// What the 3-D player is given: shapes, where they were at each moment, and curves over the same time. Plain data, whose sources
// are in envs/render/scene.ts.

export type Triple = readonly [x: number, y: number, z: number];

/** A simple shape in its own frame; sizes are radii and half lengths (m), as in MuJoCo, round ones lie along z. */
export interface PlayedPrimitive {
  readonly type: "sphere" | "capsule" | "ellipsoid" | "cylinder" | "box";
  readonly size: readonly number[];
}

/** Triangles in their own frame (m). */
export interface PlayedMesh {
  readonly type: "mesh";
  /** (V, 3). */
  readonly positions: Float32Array;
  /** (V, 3), unit vectors. */
  readonly normals: Float32Array;
  /** (V, 2), in repeats of the texture, from its upper left corner. */
  readonly textureCoordinates?: Float32Array;
  /** (F, 3). */
  readonly faces: Uint32Array;
}

/** A shape with its surface. */
export interface PlayedShape {
  /** Which of the poses moves it. */
  readonly pose: number;
  readonly solid: PlayedPrimitive | PlayedMesh;
  /** Factors along its own axes. Default: none. */
  readonly stretch?: Triple;
  /** Red, green, blue and opacity, 0 to 1. */
  readonly color: readonly [number, number, number, number];
  /** 0: matt, 1: a mirror. */
  readonly gloss: number;
  /** Share of its colour that it shines with by itself. */
  readonly emission: number;
  /** Contents of a picture file that browsers read; it repeats. */
  readonly texture?: Uint8Array;
}

/** A level floor, drawn as a grid. */
export interface PlayedGround {
  /** Height (m). */
  readonly height: number;
}

/** Numbers over time, one for each frame; NaN where there is none. */
export interface PlayedCurve {
  readonly name: string;
  readonly values: Float64Array;
}

/** How one looks at it at first. */
export interface PlayedView {
  readonly position: Triple;
  readonly target: Triple;
  /** Vertical, degrees. */
  readonly fieldOfView: number;
  /** About half the size (m) of what moves. */
  readonly radius: number;
}

/** One episode, or one moment, as the player shows it. */
export interface PlayedRollout {
  readonly title: string;
  readonly secondsPerFrame: number;
  readonly frames: number;
  readonly shapes: readonly PlayedShape[];
  readonly ground?: PlayedGround;
  /** Number P of poses. */
  readonly poses: number;
  /** (frames, P, 3), m. */
  readonly positions: Float64Array;
  /** (frames, P, 4), unit quaternions, w first. */
  readonly rotations: Float64Array;
  readonly curves: readonly PlayedCurve[];
  readonly view: PlayedView;
}
