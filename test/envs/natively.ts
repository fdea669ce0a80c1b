// Imports as Node does, without Vitest's compiler between.
import { constants, runInThisContext } from "node:vm";

export const natively = runInThisContext("(address) => import(address)", {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}) as (address: string) => Promise<{ readonly default: unknown }>;
