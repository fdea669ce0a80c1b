// Why MuJoCo refuses a model. Its exceptions are C++ objects that begin with their message, in the engine's memory, which the
// bindings show only through the arrays of a simulation.
import type { Engine } from "./simulator.js";

/** Messages of MuJoCo's, and how long they may be (`mjCError`, `mjXError`). */
const longest = 500;
const smallest = '<mujoco><worldbody><body><freejoint/><geom size="1"/></body></worldbody></mujoco>';

/**
 * In words, on one line.
 * @param thrown by the engine while it read or compiled a model.
 * @param compile makes the engine's model of MJCF text.
 */
export function reasonOf(
  mujoco: Engine,
  thrown: unknown,
  compile: (source: string) => InstanceType<Engine["MjModel"]>,
): string {
  const { excPtr } = thrown as { readonly excPtr?: unknown };
  if (typeof excPtr !== "number") return String(thrown);
  let text: string;
  try {
    text = textAt(mujoco, excPtr, compile(smallest));
  } catch {
    // There is not even room for that.
    return "Could not allocate memory";
  }
  // What else an exception may be does not begin with text.
  return /^[\w ]*Error: /.test(text) ? oneLine(text) : String(thrown);
}

/** Text in the engine's memory. Deletes `model`, whose simulation shows it. */
function textAt(mujoco: Engine, address: number, model: InstanceType<Engine["MjModel"]>): string {
  try {
    const data = new mujoco.MjData(model);
    const { buffer } = data.qpos as Float64Array;
    const bytes = new Uint8Array(buffer, address, Math.min(longest, buffer.byteLength - address));
    const text = Buffer.from(bytes.subarray(0, Math.max(0, bytes.indexOf(0)))).toString("utf8");
    data.delete();
    return text;
  } finally {
    model.delete();
  }
}

/** Lines that the engine printed, as one. */
export const oneLine = (text: string): string => text.trim().replace(/\s*\n+\s*/g, "; ");
