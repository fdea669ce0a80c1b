// Types of jupyter-environment.mjs, for the tests.
export interface JupyterEnvironment {
  /** Absolute path of the interpreter. */
  readonly python: string;
  /** Its sys.prefix: the kernel is registered below it. */
  readonly prefix: string;
}
export class EnvironmentError extends Error {}
export const projectRoot: string;
export function findJupyter(): JupyterEnvironment | undefined;
export function ensureJupyter(say: (line: string) => void): JupyterEnvironment;
export function ensurePeers(say: (line: string) => void): string;
export function findChromium(): string | undefined;
