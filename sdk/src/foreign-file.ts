// Files that are not what their names say, told by how they begin: a leaf for the readers of every kind of file.

/** What such a file is, e.g. "is a Git LFS pointer", and what to do about it. */
export interface ForeignFile {
  readonly wrong: string;
  readonly remedy: string;
}

const kinds: readonly (readonly [beginning: RegExp | string, wrong: string, remedy: string])[] = [
  [
    /^version https:\/\/git-lfs\.github\.com\/spec\//,
    "is a Git LFS pointer, which only names the file",
    "fetch the file itself: `git lfs install && git lfs pull`, or download it from the page of the repository",
  ],
  [
    /^\s*(<!doctype html|<html|<head|<body|<!--)/i,
    "is a web page",
    "a page was saved in place of the file: use the address of the download itself, and log in where it asks for that",
  ],
  [/^\s*<\?xml|^\s*<Error>/i, "is an XML answer of a server", "the download failed: fetch the file again"],
  [/^\s*\{"(error|message|detail)"/, "is a server's error message", "the download failed: fetch the file again"],
  ["\x1f\x8b", "is compressed with gzip", "unpack it with `gunzip`"],
  ["BZh", "is compressed with bzip2", "unpack it with `bunzip2`"],
  ["\xfd7zXZ", "is compressed with xz", "unpack it with `unxz`"],
  ["\x28\xb5\x2f\xfd", "is compressed with Zstandard", "unpack it with `unzstd`"],
  ["\x89HDF\r\n\x1a\n", "is an HDF5 file", "read it as .hdf5"],
  ["\x93NUMPY", "is a .npy file, a single array", "save arrays by name with numpy.savez"],
  ["PK\x03\x04", "is a zip archive", "if it is an .npz or .pt file, its ending should say so; else unpack it"],
];

/** How many bytes of a file are enough to tell. */
export const foreignHead = 512;

/** What `bytes`, the beginning of a file, are instead of what was expected; undefined if they are nothing known. */
export function foreignFile(bytes: Uint8Array): ForeignFile | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, foreignHead)).toString("latin1");
  const plain = text.replace(/^\xef\xbb\xbf/, "");
  const found = kinds.find(([start]) => (typeof start === "string" ? text.startsWith(start) : start.test(plain)));
  return found && { wrong: found[1], remedy: found[2] };
}
