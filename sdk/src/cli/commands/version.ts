// `dmpo version`.
import type { AddCommand } from "../command.js";
import { packageVersion } from "../package-version.js";

export const addVersion: AddCommand = (program, { terminal }) => {
  program
    .command("version")
    .description("show the version")
    .action(() => terminal.out(packageVersion()));
};
