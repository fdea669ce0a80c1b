// `dmpo doctor`: whether everything that a run needs is there; with --render, whether pictures are made.
import { resolve } from "node:path";
import { examples, exitCodes, type AddCommand } from "../command.js";

const marks = { ok: "ok     ", missing: "MISSING", absent: "absent " } as const;

export const addDoctor: AddCommand = (program, { terminal, exitWith }) => {
  const command = program
    .command("doctor")
    .description("check this machine: Node, devices, simulator, folders, Python")
    .option("--render <family>", "draw a picture of robomimic, d3il, kitchen, furniture or gym and say where it is");
  examples(command, {
    doctor: 'one line each; "absent" is optional, "MISSING" ends with exit code 1',
    "doctor --render robomimic": "needs neither a window nor a graphics card",
  }).action(async ({ render }: { readonly render?: string }) => {
    if (render !== undefined) {
      const { checkRendering } = await import("../render-check.js");
      const { task, path, milliseconds } = await checkRendering(render, (line) => terminal.error(line));
      terminal.out(`${marks.ok}  ${render}: ${task}, 640 x 480, drawn in ${milliseconds.toFixed(0)} ms`);
      terminal.out(resolve(path));
      return;
    }
    const { examine } = await import("../doctor.js");
    for await (const { name, state, detail } of examine()) {
      terminal.out(`${marks[state]}  ${name.padEnd(13)}  ${detail}`);
      if (state === "missing") exitWith(exitCodes.failure);
    }
  });
};
