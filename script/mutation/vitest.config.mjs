// The tests that are run against mutants: those that the script names.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: JSON.parse(process.env.DMPO_MUTATION_TESTS), testTimeout: 60_000, hookTimeout: 60_000 },
});
