// Stryker's runner of Vitest looks at tests, of which a file that cannot be loaded has none: a mutant that keeps one from loading
// would survive. Here it is killed, and a file that cannot be loaded without a mutant ends the run.
import { strykerPlugins as vitestPlugins } from "@stryker-mutator/vitest-runner";

const vitest = vitestPlugins.find(({ kind }) => kind === "TestRunner");

function whole(injector) {
  const runner = injector.injectFunction(vitest.factory);
  /** Of a file itself, not of one of its tests. */
  const failure = () => {
    const failed = runner.ctx.state.getFiles().find(({ result }) => result?.errors?.length > 0);
    return failed && `${failed.name}: ${failed.result.errors[0].message}`;
  };
  const [dryRun, mutantRun] = [runner.dryRun.bind(runner), runner.mutantRun.bind(runner)];
  runner.dryRun = async (options) => {
    const result = await dryRun(options);
    const errorMessage = result.status === "complete" && failure();
    return errorMessage ? { status: "error", errorMessage } : result;
  };
  runner.mutantRun = async (options) => {
    const result = await mutantRun(options);
    const failureMessage = result.status === "survived" && failure();
    return failureMessage ? { status: "killed", killedBy: [], failureMessage, nrOfTests: result.nrOfTests } : result;
  };
  return runner;
}
whole.inject = ["$injector"];

export const strykerPlugins = [{ kind: "TestRunner", name: "vitest-whole", factory: whole }];
