// The engine's memory: what is asked of a simulation again and again is given back to it.
import { expect, test } from "vitest";
import { Simulator } from "../../sdk/src/envs/simulator.js";

const balls = Array.from({ length: 30 }, (_, i) => `<body pos="${i} 0 0.05"><freejoint/><geom size="0.1"/></body>`);

test("contacts that are looked at leave nothing behind", async () => {
  const simulator = await Simulator.load(
    `<mujoco><worldbody><geom type="plane" size="50 50 1"/>${balls.join("")}</worldbody></mujoco>`,
  );
  try {
    simulator.forward();
    expect(simulator.contacts()).toEqual(balls.map((_, i) => [0, i + 1]));
    const before = simulator.qpos.buffer.byteLength;
    for (let i = 0; i < 3000; i++) simulator.contacts();
    expect(simulator.qpos.buffer.byteLength).toBe(before);
  } finally {
    simulator.delete();
  }
});
