// Which local files changed since the last cell. The compiler's own watching polls a few times a second, too late for a
// file saved right before its cell is run again, and keeps a handle on each of hundreds of declaration files.
import { statSync } from "node:fs";
import { sep } from "node:path";
import ts from "typescript";

interface Watched {
  readonly callback: ts.FileWatcherCallback;
  version: string;
}

export class FileWatch {
  readonly #files = new Map<string, Watched>();

  /** @param folder the notebook's; packages, and declaration files outside it, count as constant */
  constructor(private readonly folder: string) {}

  /** In place of `ts.sys.watchFile`. */
  readonly add = (path: string, callback: ts.FileWatcherCallback): ts.FileWatcher => {
    const isConstant = path.endsWith(".d.ts") && !path.startsWith(this.folder + sep);
    if (isConstant || path.includes("/node_modules/")) return { close: () => undefined };
    this.#files.set(path, { callback, version: version(path) });
    return { close: () => this.#files.delete(path) };
  };

  /** Tells the compiler about changed files; returns whether there were any. */
  refresh(): boolean {
    let changed = false;
    for (const [path, watched] of [...this.#files]) {
      const now = version(path);
      if (now === watched.version) continue;
      watched.version = now;
      changed = true;
      watched.callback(path, now === "" ? ts.FileWatcherEventKind.Deleted : ts.FileWatcherEventKind.Changed);
    }
    return changed;
  }
}

function version(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}:${stat.size}` : "";
}
