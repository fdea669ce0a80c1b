// Which checkpoint a configuration starts from, and where it and its statistics are: local, hub, web, or the released one.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../errors.js";
import { isAddress } from "../../hub/address.js";
import { resolvePath, type FetchOptions } from "../../hub/fetch-file.js";
import { pathInUse } from "../../paths.js";
import { releasedCheckpoint } from "../reference/released-checkpoints.js";

type Report = (line: string) => void;

export interface CheckpointSource {
  /** The file on this machine. */
  readonly path: string;
  /** Statistics of its data, for checkpoints that do not hold them; undefined if none were found. */
  readonly normalization: string | undefined;
}

interface Wanted {
  readonly basePolicyPath: string | null;
  readonly normalizationPath: string | null;
  /** `policy.type`, where a released checkpoint may stand in; null where one must be given. */
  readonly policy: string | null;
  readonly environment: string;
}

const remedy = "pre-train one first and give base_policy_path=<its folder>/checkpoint/last.safetensors";

/**
 * Resolves `base_policy_path` and `normalization_path`, which may be `hf://` and `https://` addresses. Without the first, the
 * released checkpoint of that policy and environment is taken and its origin reported.
 * @throws InputError `DMPO_CONFIG_CHECKPOINT` if there is none, `DMPO_HUB_*` if it cannot be fetched.
 */
export async function checkpointSource(
  wanted: Wanted,
  report: Report,
  signal?: AbortSignal,
): Promise<CheckpointSource> {
  const { basePolicyPath, policy, environment } = wanted;
  const released = policy === null ? undefined : releasedCheckpoint(policy, environment);
  const given = basePolicyPath ?? released;
  if (given === undefined) {
    const none = policy === null ? "" : `; none was released for ${policy} on ${environment}`;
    const problem = {
      path: "base_policy_path",
      wrong: `missing${none}`,
      expected: "the checkpoint of a policy",
      remedy,
    };
    throw new InputError("DMPO_CONFIG_CHECKPOINT", [problem]);
  }
  if (basePolicyPath === null) report(`base_policy_path is not given: taking the released checkpoint ${given}`);
  const fetching = fetchOptions(report, signal);
  const path = await resolvePath(given, fetching).catch((error: unknown) => {
    throw basePolicyPath === null && error instanceof InputError ? orOwn(error) : error;
  });
  if (isAddress(given)) report(`checkpoint: ${path}`);
  const normalization =
    wanted.normalizationPath === null
      ? ownStatistics(environment)
      : await resolvePath(wanted.normalizationPath, fetching);
  return { path, normalization };
}

/** Reports the beginning of a download, every further tenth, and what is used instead of what was asked for. */
export function fetchOptions(report: Report, signal?: AbortSignal): FetchOptions {
  let tenth = -1;
  return {
    signal,
    notify: report,
    onProgress({ name, received, total }) {
      const reached = total ? Math.floor((10 * received) / total) : 0;
      if (reached <= tenth) return;
      tenth = reached;
      const size = total ? `${10 * reached}% of ${(total / 1e6).toFixed(1)} MB` : `${(received / 1e6).toFixed(1)} MB`;
      report(`downloading ${name}: ${size}`);
    },
  };
}

function orOwn({ code, problems }: InputError): InputError {
  const wrong = "not given, and the released checkpoint could not be fetched";
  return new InputError(code, [...problems, { path: "base_policy_path", wrong, expected: "a checkpoint", remedy }]);
}

/** normalization.npz in the data folder, where the reference keeps it. */
function ownStatistics(environment: string): string | undefined {
  const folders = [
    ...[`gym/${environment}`, `robomimic/${environment}`, `robomimic/${environment}-img`],
    `furniture/${environment.replace(/_dim$/, "")}`,
  ];
  return folders
    .map((folder) => join(pathInUse("data").value, folder, "normalization.npz"))
    .find((file) => existsSync(file));
}
