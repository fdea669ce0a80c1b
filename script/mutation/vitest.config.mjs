// The tests that are run against mutants: those that the script names, the quickest first, since the first that fails ends it.
import { statSync } from "node:fs";
import { relative } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";

class QuickestFirst extends BaseSequencer {
  async sort(files) {
    const { cache, config } = this.ctx;
    const cost = ({ moduleId, project }) =>
      cache.getFileTestResults(`${project.name}:${relative(config.root, moduleId)}`)?.duration ??
      statSync(moduleId).size;
    return files
      .map((file) => [cost(file), file])
      .sort(([a], [b]) => a - b)
      .map(([, file]) => file);
  }
}

export default defineConfig({
  test: {
    include: JSON.parse(process.env.DMPO_MUTATION_TESTS),
    // Stryker ends what takes too long, in proportion to what it took before.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    sequence: { sequencer: QuickestFirst },
  },
});
