// What the linter checks: TypeScript's recommended type-aware rules, and the direction of imports between the rooms.
import js from "@eslint/js";
import { globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import { importDirection } from "./script/lint/import-direction.js";

export default tseslint.config(
  // sdk/assembly is AssemblyScript, which only looks like TypeScript.
  globalIgnores([
    "**/dist/",
    ".venv/",
    ".venv-peers/",
    "sdk/assembly/",
    "notebooks/",
    "log/",
    "runs/",
    "dmpo_eval_results/",
    "coverage/",
    ".mutation/",
  ]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      // Noise without a bug behind it in this code base: template strings print numbers, tests pass async callbacks.
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["sdk/src/**/*.ts"],
    plugins: { dmpo: { rules: { "import-direction": importDirection } } },
    rules: { "dmpo/import-direction": "error" },
  },
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: {
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, "readonly"])),
    },
  },
  {
    // Golden vectors and stubs are free-form data.
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
);
