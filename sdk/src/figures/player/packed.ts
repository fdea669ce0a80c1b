// The packed form of rollouts: a header in JSON, whose tables and pictures lie behind it, and how it is read, in browsers too.
import { decodeColumns, dequantise } from "./columns.js";
import type { PlayedCurve, PlayedGround, PlayedMesh, PlayedPrimitive, PlayedShape, PlayedView } from "./recording.js";

/** Bytes behind the header. */
export interface PackedBytes {
  readonly offset: number;
  readonly length: number;
}

/** A quantised table; without `least` the counts are the values. */
export interface PackedTable extends PackedBytes {
  readonly columns: number;
  readonly least?: readonly number[];
  readonly step?: readonly number[];
}

export interface PackedMesh {
  readonly type: "mesh";
  readonly positions: PackedTable;
  readonly normals: PackedTable;
  readonly textureCoordinates?: PackedTable;
  /** Low and high halves of the indices. */
  readonly faces: PackedTable;
}

export interface PackedShape extends Omit<PlayedShape, "solid" | "texture"> {
  readonly solid: PlayedPrimitive | PackedMesh;
  readonly texture?: PackedBytes;
}

export interface PackedRollout {
  readonly title: string;
  readonly secondsPerFrame: number;
  readonly frames: number;
  readonly poses: number;
  readonly shapes: readonly PackedShape[];
  readonly ground?: PlayedGround;
  readonly positions: PackedTable;
  readonly rotations: PackedTable;
  readonly curves: readonly {
    readonly name: string;
    readonly values: PackedTable;
    readonly absent: readonly number[];
  }[];
  readonly view: PlayedView;
}

/** How the player is to begin. */
export interface PlayerSettings {
  /** Whether the view goes along with what moves; undefined: where it goes far. */
  readonly follow?: boolean;
}

export interface PackedHeader {
  readonly rollouts: readonly PackedRollout[];
  readonly settings: PlayerSettings;
}

/** A rollout as it is drawn: single precision. */
export interface UnpackedRollout
  extends
    Omit<PackedRollout, "shapes" | "positions" | "rotations" | "curves">,
    Readonly<Record<"positions" | "rotations", Float32Array>> {
  readonly shapes: readonly PlayedShape[];
  readonly curves: readonly (Omit<PlayedCurve, "values"> & { readonly values: Float32Array })[];
}

/** @param bytes unzipped. */
export function unpack(bytes: Uint8Array): {
  readonly rollouts: readonly UnpackedRollout[];
  readonly settings: PlayerSettings;
} {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as PackedHeader;
  const read = ({ offset, length: size }: PackedBytes) =>
    bytes.subarray(4 + length + offset, 4 + length + offset + size);
  const meshes = new Map<string, PlayedMesh>();
  const counts = (table: PackedTable) => decodeColumns(read(table), table.columns);
  const values = (table: PackedTable) => dequantise({ counts: counts(table), least: table.least!, step: table.step! });
  const meshOf = (packed: PackedMesh): PlayedMesh => {
    // Tables that are equal bytes differ in what these stand for.
    const key = JSON.stringify(packed);
    const known = meshes.get(key);
    if (known) return known;
    const { positions, normals, textureCoordinates, faces } = packed;
    const halves = counts(faces);
    const mesh: PlayedMesh = {
      type: "mesh",
      positions: values(positions),
      normals: values(normals),
      ...(textureCoordinates && { textureCoordinates: values(textureCoordinates) }),
      faces: Uint32Array.from({ length: halves.length / 2 }, (_, i) => halves[2 * i]! + 65_536 * halves[2 * i + 1]!),
    };
    meshes.set(key, mesh);
    return mesh;
  };
  return {
    settings: header.settings,
    rollouts: header.rollouts.map(({ shapes, positions, rotations, curves, ...rollout }) => ({
      ...rollout,
      shapes: shapes.map(({ solid, texture, ...shape }) => ({
        ...shape,
        solid: solid.type === "mesh" ? meshOf(solid) : solid,
        ...(texture && { texture: read(texture) }),
      })),
      positions: values(positions),
      rotations: values(rotations),
      curves: curves.map(({ name, values: table, absent }) => {
        const curve = values(table);
        for (const frame of absent) curve[frame] = NaN;
        return { name, values: curve };
      }),
    })),
  };
}
