// `dmpo doctor`: whether everything that a run needs is there; with --render, whether pictures are made.
import { resolve } from "node:path";
import { examples, exitCodes, type AddCommand } from "../command.js";

const marks = { ok: "ok     ", missing: "MISSING", absent: "absent " } as const;

interface DoctorFlags {
  readonly render?: string;
  readonly ray?: string | true;
  readonly slurm?: boolean;
}

export const addDoctor: AddCommand = (program, { terminal, exitWith }) => {
  const command = program
    .command("doctor")
    .description("check this machine: Node, devices, simulator, folders, Python; or a cluster for sweeps")
    .option("--render <family>", "draw a picture of robomimic, d3il, kitchen, furniture or gym and say where it is")
    .option("--ray [url]", "a Ray cluster instead, by the address of its dashboard")
    .option("--slurm", "Slurm instead");
  examples(command, {
    doctor: 'one line each; "absent" is optional, "MISSING" ends with exit code 1',
    "doctor --render robomimic": "needs neither a window nor a graphics card",
    "doctor --ray http://head:8265": "whether sweeps can run there; a job of one core looks from one of its machines",
  }).action(async ({ render, ray, slurm }: DoctorFlags) => {
    if (render !== undefined) {
      const { checkRendering } = await import("../render-check.js");
      const { task, path, milliseconds } = await checkRendering(render, (line) => terminal.error(line));
      terminal.out(`${marks.ok}  ${render}: ${task}, 640 x 480, drawn in ${milliseconds.toFixed(0)} ms`);
      terminal.out(resolve(path));
      return;
    }
    for await (const { name, state, detail } of await findingsOf(ray, slurm)) {
      terminal.out(`${marks[state]}  ${name.padEnd(13)}  ${detail}`);
      if (state === "missing") exitWith(exitCodes.failure);
    }
  });
};

/** Of this machine, or of a cluster. */
async function findingsOf(ray: DoctorFlags["ray"], slurm: DoctorFlags["slurm"]) {
  if (!ray && !slurm) return (await import("../doctor.js")).examine();
  const { examineRay, examineSlurm } = await import("../cluster-doctor.js");
  return ray ? examineRay(ray === true ? undefined : ray) : examineSlurm();
}
