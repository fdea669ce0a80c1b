// What is said when the engine's memory is full: by a simulation, a copy of a model, a model that is compiled.
import { expect, test } from "vitest";
import { Simulator } from "../../sdk/src/envs/simulator.js";

const reserving = (mebibytes: number) =>
  `<mujoco><size memory="${mebibytes}M"/><worldbody><body><freejoint/><geom size="1"/></body></worldbody></mujoco>`;

/** A model of its own for every `stretch`, whose mesh takes some megabytes. */
function meshed(stretch: number): string {
  const vertices = Array.from({ length: 60_000 }, (_, i) =>
    [Math.sin(i), Math.cos(1.3 * i), stretch * Math.sin(2.1 * i)].join(" "),
  );
  return `<mujoco><asset><mesh name="m" vertex="${vertices.join(" ")}"/></asset><worldbody><body><freejoint/><geom type="mesh" mesh="m"/></body></worldbody></mujoco>`;
}

test("simulations, models and their copies: how many there are, and what to do; room that is given back is used", async () => {
  const simulators: Simulator[] = [];
  const fill = async (load: (i: number) => Promise<Simulator>) => {
    for (let i = 0; i < 600; i++) simulators.push(await load(i));
  };
  const full = async (load: (i: number) => Promise<Simulator>) => {
    await expect(fill(load)).rejects.toMatchObject({ code: "DMPO_ENV_MEMORY" });
    const error: unknown = await load(600).catch((error: unknown) => error);
    expect(String(error)).toContain(`is full with ${simulators.length} of them in this thread`);
    expect(String(error)).toContain("fewer environments, more workers");
  };
  await full(() => Simulator.load(reserving(500)));
  expect(simulators).toHaveLength(4);
  await full((i) => Simulator.load(meshed(1 + i / 1000)));
  await full((i) => Simulator.load(meshed(2 + i / 1000), { ownsModel: true }));

  simulators.forEach((simulator) => simulator.delete());
  (await Simulator.load(reserving(500))).delete();
});
