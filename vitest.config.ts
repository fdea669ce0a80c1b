import { defineConfig } from "vitest/config";

// Two suites: "fast" runs with `npm test`; files named *.slow.test.ts only with `npm run test:slow`.
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: ["**/*.slow.test.ts", "test/e2e/**", "**/node_modules/**"],
        },
      },
      {
        extends: true,
        test: { name: "slow", include: ["test/**/*.slow.test.ts"], testTimeout: 3_600_000, fileParallelism: false },
      },
    ],
  },
});
