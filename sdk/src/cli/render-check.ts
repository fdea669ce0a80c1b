// What `dmpo doctor --render` does: a picture of one task of a family, from its files to the file it is written to.
import { join } from "node:path";
import { fetchAssets } from "../envs/assets/assets.js";
import { makeEnvironment } from "../envs/make-environment.js";
import { builtInEnvironment } from "../envs/registry.js";
import { fail, InputError, nearest } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { pathInUse } from "../paths.js";

/** A task of each family that has something to see. */
const tasks: Readonly<Record<string, string>> = {
  robomimic: "can",
  d3il: "avoiding-m5",
  kitchen: "kitchen-mixed-v0",
  furniture: "one_leg_low_dim",
  gym: "hopper-v2",
};

export const renderedFamilies = Object.keys(tasks);

export interface RenderCheck {
  readonly task: string;
  readonly path: string;
  /** Of the picture alone, without loading. */
  readonly milliseconds: number;
}

/**
 * Renders the start of an episode, 640 x 480, to `<log folder>/doctor/<family>.png`; fetches what is seen.
 * @throws InputError DMPO_RENDER_NOTHING for an unknown family or a picture of one colour.
 */
export async function checkRendering(family: string, notify: (line: string) => void): Promise<RenderCheck> {
  const task = Object.hasOwn(tasks, family) ? tasks[family]! : undefined;
  if (task === undefined) {
    const close = nearest(family, renderedFamilies);
    const expected = `one of ${renderedFamilies.join(", ")}`;
    return fail("DMPO_RENDER_NOTHING", "--render", `"${family}" is unknown`, expected, close && `is "${close}" meant?`);
  }
  const { assets } = builtInEnvironment(task);
  try {
    if (assets) await fetchAssets(assets, { subset: "all", notify });
  } catch (error) {
    // What collides can be seen without the rest.
    if (!(error instanceof InputError)) throw error;
    notify(`without what is only seen: ${error.problems[0]!.wrong}`);
  }
  const environment = await makeEnvironment(task);
  try {
    environment.reset();
    const began = performance.now();
    const picture = environment.render({ width: 640, height: 480 });
    const milliseconds = performance.now() - began;
    const first = picture.rgb.subarray(0, 3);
    const isPlain = picture.rgb.every((value, i) => value === first[i % 3]);
    if (isPlain) fail("DMPO_RENDER_NOTHING", task, "is of one colour", "a picture");
    const path = join(pathInUse("log").value, "doctor", `${family}.png`);
    await writeFileAtomic(path, picture.png());
    return { task, path, milliseconds };
  } finally {
    environment.close();
  }
}
