// A made-up task that only eyes solve: a red square lies somewhere in the picture, a blue one leads astray, and the action is where
// the red one is, in [-1, 1]. The state says nothing.
import { Random } from "../../sdk/src/engine/random.js";

/** Pixels in width and height of the squares. */
const SQUARE = 6;

/** Draws both squares at places in [-1, 1], on a grey ground, into (3, size, size). */
export function drawTargets(
  out: Uint8Array,
  size: number,
  red: readonly [number, number],
  blue: readonly [number, number],
): void {
  out.fill(90);
  for (const [place, channel] of [
    [blue, 2],
    [red, 0],
  ] as const) {
    const [left, top] = place.map((at) => Math.round(((at + 1) / 2) * (size - SQUARE)));
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < SQUARE; y++) {
        const from = c * size * size + (top! + y) * size + left!;
        out.fill(c === channel ? 255 : 0, from, from + SQUARE);
      }
    }
  }
}

/** `count` steps of episodes of one step each: pictures (N, 3, size, size), states (N, 1), actions (N, 2). */
export function targets(count: number, size: number, seed = 1) {
  const random = new Random(seed).stream("targets");
  const places = random.uniform(new Float32Array(4 * count), -1, 1);
  const data = new Uint8Array(count * 3 * size * size);
  const actions = Array.from({ length: count }, (_, i) => {
    const [x, y, u, v] = places.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    drawTargets(data.subarray(i * 3 * size * size, (i + 1) * 3 * size * size), size, [x, y], [u, v]);
    return [x, y] as const;
  });
  const observations = Array.from({ length: count }, (_, i) => [Math.sin(i)]);
  const episodeLengths = Array<number>(count).fill(1);
  return { observations, actions, episodeLengths, images: { data, shape: [count, 3, size, size] } };
}
