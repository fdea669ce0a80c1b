// Ends the kernel when the Jupyter server that started it has died: an orphan is adopted by another process.
const checkEvery = 1000;

/** Calls `onDeath` once the parent process is no longer the one that started this process. */
export function watchParent(onDeath: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) onDeath();
  }, checkEvery).unref();
}
