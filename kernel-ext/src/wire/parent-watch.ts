// Ends the kernel when the Jupyter server that started it has died: an orphan is adopted by another process.
const checkEvery = 1000;

/** Calls `onDeath` once the server is gone, also if that happened before this process could look. */
export function watchParent(onDeath: () => void): void {
  const parent = process.ppid;
  // Jupyter names itself; the number may be a stale one of an outer environment, unless this process is an orphan already.
  const server = Number(process.env.JPY_PARENT_PID);
  const isKnown = server > 0 && (isAlive(server) || parent === 1);
  const timer = setInterval(() => {
    if (process.ppid === parent && !(isKnown && !isAlive(server))) return;
    clearInterval(timer);
    onDeath();
  }, checkEvery);
  timer.unref();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive, too.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
