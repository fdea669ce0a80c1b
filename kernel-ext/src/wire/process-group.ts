// Jupyter starts a kernel as the leader of a process group; whatever cells have spawned is in it.

/** Sends `signal` to the group, this process included; does nothing where this process leads none. */
export function endGroup(signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-process.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}
