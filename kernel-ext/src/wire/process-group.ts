// The process of the cells leads a group of its own; whatever cells have spawned is in it.

/** Sends `signal` to the group of `leader`; says whether there is one. */
export function endGroup(leader: number, signal: "SIGTERM" | "SIGKILL" | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}
