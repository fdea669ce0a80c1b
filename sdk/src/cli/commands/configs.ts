// `dmpo configs`: the configurations of the project.
import { examples, type AddCommand } from "../command.js";

export const addConfigs: AddCommand = (program, { terminal }) => {
  const command = program
    .command("configs")
    .description("list the configurations of the project")
    .argument("[text]", "only names that contain this");
  examples(command, { "configs hopper": "all configurations with hopper in their path" }).action(async (text = "") => {
    const { configNames, projectConfigRoot } = await import("../../config/locations.js");
    const names = configNames(projectConfigRoot).filter((name) => name.includes(String(text)));
    for (const name of names) {
      const slash = name.lastIndexOf("/");
      terminal.out(`--config-dir=cfg/${name.slice(0, slash)} --config-name=${name.slice(slash + 1)}`);
    }
  });
};
