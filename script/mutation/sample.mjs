// Stryker has no sampling. This plugin lets the mutants of the sample pass; to Stryker the others do not compile, so that they
// are neither run nor counted. The script names the sample in a file.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

/** Where a mutant stands and what it makes of it: the same in every run over the same source. Lines count from 0. */
export function keyOf({ fileName, location: { start, end }, mutatorName, replacement }, root) {
  const place = `${start.line}:${start.column}-${end.line}:${end.column}`;
  return [relative(root, fileName), place, mutatorName, replacement].join(" ");
}

class SampleChecker {
  static inject = ["options"];

  constructor(options) {
    this.options = options;
  }

  async init() {
    this.sample = new Set(JSON.parse(readFileSync(this.options.sampleFile, "utf8")));
  }

  async check(mutants) {
    const { sampleRoot } = this.options;
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, this.verdict(keyOf(mutant, sampleRoot))]));
  }

  async group(mutants) {
    return [mutants.map(({ id }) => id)];
  }

  verdict(key) {
    return this.sample.has(key) ? { status: "passed" } : { status: "compileError", reason: "not in the sample" };
  }
}

export const strykerPlugins = [{ kind: "Checker", name: "sample", injectableClass: SampleChecker }];
