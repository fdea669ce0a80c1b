// Named tensors into a model's flat vector, strictly: every key that does not fit is listed.
import type { ParameterLayout } from "../engine/parameters.js";
import type { HostTensor } from "../engine/tensor.js";
import { InputError, nearest, type Problem } from "../errors.js";

/**
 * The tensors in the order of `layout`.
 *
 * @param path names the file (and the set in it) in errors.
 * @throws InputError `DMPO_WEIGHTS` listing all missing, unexpected and wrongly shaped keys.
 */
export function fitWeights(
  layout: ParameterLayout,
  tensors: Readonly<Record<string, HostTensor>>,
  path: string,
): Float32Array {
  const problems: Problem[] = [];
  const expected = new Set(layout.entries.map(({ name }) => name));
  const unexpected = Object.keys(tensors).filter((name) => !expected.has(name));
  const vector = new Float32Array(layout.size);
  for (const { name, offset, shape } of layout.entries) {
    const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    const at = `${path}: ${name}`;
    if (!found) {
      const close = nearest(name, unexpected);
      const remedy = close && `is "${close}" meant?`;
      problems.push({ path: at, wrong: "is missing", expected: `shape [${shape.join(", ")}]`, remedy });
    } else if (found.shape.join() !== shape.join()) {
      problems.push({ path: at, wrong: `has shape [${found.shape.join(", ")}]`, expected: `[${shape.join(", ")}]` });
    } else {
      vector.set(found.data, offset);
    }
  }
  for (const name of unexpected) {
    problems.push({ path: `${path}: ${name}`, wrong: "is unexpected", expected: "only the weights of the network" });
  }
  if (problems.length > 0) throw new InputError("DMPO_WEIGHTS", problems);
  return vector;
}
