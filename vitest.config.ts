import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Four suites: "fast" runs with `npm test`; files named *.slow.test.ts only with `npm run test:slow`; *.cluster.test.ts, which need
// Slurm or Ray, with `npm run test:clusters`; test/e2e, which needs Jupyter and Chromium, with `npm run test:e2e`.
export default defineConfig({
  test: {
    // One line a file, and one for each test that takes this long.
    slowTestThreshold: 5_000,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { ORT_DISABLE_TELEMETRY: "1" }, // for tests that import the library themselves
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          // Vitest leaves one core free, which on two is half of them.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          globalSetup: "test/announce-absent.ts",
          include: ["test/**/*.test.ts"],
          exclude: ["**/*.{slow,cluster}.test.ts", "test/e2e/**", "**/node_modules/**"],
        },
      },
      {
        extends: true,
        test: {
          name: "slow",
          globalSetup: "test/announce-absent.ts",
          include: ["test/**/*.slow.test.ts"],
          testTimeout: 3_600_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: "clusters",
          include: ["test/**/*.cluster.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
