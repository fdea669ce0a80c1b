// Rollouts as few bytes: everything quantised, equal meshes and pictures once, gzip over all of it.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { encodeColumns, quantise } from "./columns.js";
import type { PackedBytes, PackedHeader, PackedMesh, PackedRollout, PackedTable, PlayerSettings } from "./packed.js";
import type { PlayedMesh, PlayedRollout } from "./recording.js";

/** What `unpack` reads, once it is unzipped. */
export function pack(rollouts: readonly PlayedRollout[], settings: PlayerSettings = {}): Uint8Array {
  const store = new Store();
  const header: PackedHeader = { rollouts: rollouts.map((rollout) => packRollout(rollout, store)), settings };
  const text = Buffer.from(
    JSON.stringify(header, (_, value: unknown) => (typeof value === "number" ? short(value) : value)),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return gzipSync(Buffer.concat([length, text, ...store.parts]), { level: 9 });
}

/** Single precision is enough for what is drawn. */
const short = (value: number) => Number(value.toPrecision(9));

class Store {
  readonly parts: Uint8Array[] = [];
  readonly #known = new Map<string, PackedBytes>();
  #size = 0;

  add(bytes: Uint8Array): PackedBytes {
    const key = createHash("sha256").update(bytes).digest("base64");
    const known = this.#known.get(key);
    if (known) return known;
    const place = { offset: this.#size, length: bytes.length };
    this.#known.set(key, place);
    this.parts.push(bytes);
    this.#size += bytes.length;
    return place;
  }

  /** @param values (rows, columns). */
  table(values: ArrayLike<number>, columns: number): PackedTable {
    const { counts, least, step } = quantise(values, columns);
    return { ...this.add(encodeColumns(counts, columns)), columns, least, step };
  }
}

function packRollout({ shapes, positions, rotations, curves, ...rollout }: PlayedRollout, store: Store): PackedRollout {
  return {
    ...rollout,
    shapes: shapes.map(({ solid, texture, ...shape }) => ({
      ...shape,
      solid: solid.type === "mesh" ? packMesh(solid, store) : solid,
      ...(texture && { texture: store.add(texture) }),
    })),
    positions: store.table(positions, 3 * rollout.poses),
    rotations: store.table(continuous(rotations, rollout.poses), 4 * rollout.poses),
    curves: curves.map(({ name, values }) => ({
      name,
      values: store.table(values, 1),
      absent: [...values.keys()].filter((frame) => !Number.isFinite(values[frame])),
    })),
  };
}

/** q and -q are one rotation: each is the one that is nearer to that of the frame before. */
function continuous(rotations: Float64Array, poses: number): Float64Array {
  const out = rotations.slice();
  for (let at = 4 * poses; at < out.length; at += 4) {
    let along = 0;
    for (let i = 0; i < 4; i++) along += out[at + i]! * out[at + i - 4 * poses]!;
    if (along < 0) for (let i = 0; i < 4; i++) out[at + i] = -out[at + i]!;
  }
  return out;
}

function packMesh({ positions, normals, textureCoordinates, faces }: PlayedMesh, store: Store): PackedMesh {
  const halves = new Uint16Array(2 * faces.length);
  faces.forEach((index, i) => {
    halves[2 * i] = index & 65_535;
    halves[2 * i + 1] = index >>> 16;
  });
  // Of a normal, steps of half a degree are enough: the low bytes are all alike.
  const directions = Uint16Array.from(normals, (value) => Math.round((value + 1) * 127.5) << 8);
  return {
    type: "mesh",
    positions: store.table(positions, 3),
    normals: {
      ...store.add(encodeColumns(directions, 3)),
      columns: 3,
      least: [-1, -1, -1],
      step: [1, 1, 1].map(() => 1 / 127.5 / 256),
    },
    ...(textureCoordinates && { textureCoordinates: store.table(textureCoordinates, 2) }),
    faces: { ...store.add(encodeColumns(halves, 2)), columns: 2 },
  };
}
