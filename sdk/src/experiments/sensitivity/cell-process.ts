// A process that runs cells of a sensitivity analysis: imports the module it is given and does what its parent orders.
import { fail } from "../../errors.js";
import { checkedMeasures, type Measures } from "./measures.js";
import type { CellContext } from "./sensitivity.js";

/** One cell as it travels to a process. */
export interface CellTask {
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly settings: unknown;
  readonly control: CellContext["control"];
}

export type CellOutcome =
  { readonly measures: Measures } | { readonly failure: { readonly message: string; readonly stack?: string } };

type Run = (values: CellTask["values"], context: CellContext) => unknown;

process.on("message", (task: CellTask) => void execute(task).then((outcome) => process.send!(outcome)));
// Ctrl-C reaches all processes of a terminal; the parent decides what it means.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());

async function execute({ name, values, seed, settings, control }: CellTask): Promise<CellOutcome> {
  const module = process.argv[2]!;
  try {
    const { default: run } = (await import(module)) as { default?: Run };
    if (typeof run !== "function") {
      fail("DMPO_SENSITIVITY", module, `exports ${typeof run} by default`, "the function `run` as default export");
    }
    return { measures: checkedMeasures(await run(values, { seed, settings, control }), name) };
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return { failure: { message, stack } };
  }
}
