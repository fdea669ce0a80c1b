// `dmpo doctor`: whether everything that a run needs is there.
import { examples, exitCodes, type AddCommand } from "../command.js";

const marks = { ok: "ok     ", missing: "MISSING", absent: "absent " } as const;

export const addDoctor: AddCommand = (program, { terminal, exitWith }) => {
  const command = program
    .command("doctor")
    .description("check this machine: Node, devices, simulator, folders, Python");
  examples(command, { doctor: 'one line each; "absent" is optional, "MISSING" ends with exit code 1' }).action(
    async () => {
      const { examine } = await import("../doctor.js");
      for await (const { name, state, detail } of examine()) {
        terminal.out(`${marks[state]}  ${name.padEnd(13)}  ${detail}`);
        if (state === "missing") exitWith(exitCodes.failure);
      }
    },
  );
};
