// Errors of the operating system as problems that say which path, what is wrong with it and what to do: a leaf.
import { InputError, type Problem } from "./errors.js";

type Wording = Pick<Problem, "wrong" | "expected" | "remedy">;

const full = "free some space, or choose another folder";

const wordings: ReadonlyMap<string, Wording> = new Map(
  Object.entries({
    ENOSPC: { wrong: "there is no space left on the device", expected: "room for the file", remedy: full },
    EDQUOT: { wrong: "your share of the disk is used up", expected: "room for the file", remedy: full },
    EFBIG: { wrong: "the file grew too large for its file system", expected: "a smaller file", remedy: full },
    EROFS: {
      wrong: "lies on a read-only file system",
      expected: "a place that can be written",
      remedy: "choose another folder",
    },
    ENOTDIR: {
      wrong: "leads through a file as if it were a folder",
      expected: "folders up to the last name",
      remedy: "check the path",
    },
    EEXIST: {
      wrong: "exists already, as something else",
      expected: "a free name, or a folder",
      remedy: "choose another path, or move what is there",
    },
    EISDIR: { wrong: "is a folder", expected: "a file", remedy: "name a file in it" },
    ENOTEMPTY: { wrong: "is a folder that is not empty", expected: "a free name", remedy: "choose another path" },
    ENAMETOOLONG: {
      wrong: "has a name that is too long",
      expected: "at most 255 bytes between two slashes",
      remedy: "shorten it",
    },
    EACCES: {
      wrong: "is not permitted to you",
      expected: "a place that you may read and write",
      remedy: "ask for the permission (`ls -ld` shows it), or choose another path",
    },
    EPERM: {
      wrong: "is not permitted by the system",
      expected: "a place that you may read and write",
      remedy: "choose another path",
    },
    ENOENT: {
      wrong: "does not exist, or its folder cannot be made",
      expected: "an existing path",
      remedy: "check the path; a folder may have been deleted meanwhile",
    },
    ELOOP: {
      wrong: "leads through too many symbolic links",
      expected: "links that end somewhere",
      remedy: "check the links",
    },
    EMFILE: {
      wrong: "too many files are open",
      expected: "a higher limit",
      remedy: "raise it with `ulimit -n`, or use fewer workers",
    },
    ENFILE: {
      wrong: "too many files are open on this machine",
      expected: "fewer open files",
      remedy: "end other programs",
    },
    EBUSY: { wrong: "is in use", expected: "a path that nothing else uses", remedy: "end what uses it" },
    EIO: {
      wrong: "the device reports an error",
      expected: "a device in order",
      remedy: "copy the data to another one",
    },
    ESTALE: { wrong: "vanished from the network", expected: "a reachable folder", remedy: "mount it again" },
    EXDEV: { wrong: "lies on another device", expected: "a path on the same one", remedy: "choose another folder" },
    EINVAL: { wrong: "is not accepted by the system", expected: "another path", remedy: "check the path" },
    ENODEV: { wrong: "is no device that can do this", expected: "a regular file", remedy: "choose another path" },
  }),
);

/** Temporary files of `writeFileAtomic` stand for the file that they become. */
const temporary = /\.[0-9a-f]{8}-[0-9a-f-]{27}\.tmp$/;

/**
 * The error of the operating system in words; undefined for any other error. What it was is its `cause`.
 * @param path where it happened, if the error itself does not say.
 */
export function systemError(error: unknown, path?: string): InputError | undefined {
  if (!(error instanceof Error) || error instanceof InputError) return undefined;
  const { code, syscall, path: named } = error as NodeJS.ErrnoException;
  const place = named?.replace(temporary, "") ?? path;
  if (syscall === "uv_cwd") {
    const remedy = "change to a folder that exists: cd ~";
    return inputError(error, "working directory", { wrong: "was deleted", expected: "an existing folder", remedy });
  }
  if (code === "ERR_INVALID_ARG_VALUE" && /null bytes/.test(error.message)) {
    const received = /Received '(.*)'$/s.exec(error.message)?.[1];
    const wrong = "contains a NUL character";
    return inputError(error, place ?? received ?? "a path", { wrong, expected: "a path without", remedy: "check it" });
  }
  const wording = syscall === undefined || code === undefined ? undefined : wordings.get(code);
  return wording && inputError(error, place ?? "a file", wording);
}

function inputError(cause: Error, path: string, wording: Wording): InputError {
  return new InputError("DMPO_SYSTEM", [{ path, ...wording }], { cause });
}

/** Does `work`; what the system refuses is thrown as {@link InputError} `DMPO_SYSTEM`. */
export async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemError(error, path) ?? error;
  }
}
