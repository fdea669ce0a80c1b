// The 3-D player: a rollout, two side by side, or an environment as it stands, as a piece of a page.
import { z } from "zod";
import { writeFileAtomic } from "../../files.js";
import { Environment, renderShape } from "../../envs/make-environment.js";
import { webp } from "../../envs/render/picture.js";
import type { Viewpoint } from "../../envs/render/view.js";
import { fail } from "../../errors.js";
import { checkOptions, optionsSchema } from "../../options.js";
import { showsAs, type MimeBundle } from "../../figures/mime.js";
import { playerHtml, playerPage } from "../../figures/player/player-html.js";
import type { PlayedRollout } from "../../figures/player/recording.js";
import { notebook } from "../../tracking/notebook.js";
import { userPath } from "../../paths.js";
import type { PolicySource } from "../policy-source.js";
import { EpisodeRecorder, rollout, Rollout } from "./rollout.js";

/** What the player shows, and how it begins. */
export interface PlayerInput {
  /**
   * Curves below the scene: "reward", "return", names of observations such as "height" (`rollout.curveNames`). Default: the reward and
   * the first number of the observation.
   */
  readonly curves?: readonly string[];
  /** Another rollout of the same environment, played beside it on the same clock; of the same seed, it has the same start. */
  readonly compareWith?: Rollout;
  /** Name of one of the model's cameras, or a viewpoint. Default: all that moves, as large as it fits. */
  readonly camera?: string | Viewpoint;
  /** Whether the view goes along with the robot. Default: where it goes far. */
  readonly follow?: boolean;
}

const schema = optionsSchema<PlayerInput>({
  curves: z.array(z.string()),
  compareWith: z.custom((value) => value instanceof Rollout, "a rollout, `await rollout(policy)`"),
  camera: renderShape.camera,
  follow: z.boolean(),
});

/** A rollout, an environment as it stands, or a policy, of which one episode is played. */
export type Playable = Rollout | Environment | PolicySource;

/**
 * The player of a rollout; {@link show} shows it at once.
 * @throws InputError DMPO_PLAYER_CURVE, DMPO_PLAYER_COMPARE for a rollout of another environment, DMPO_RENDER_CAMERA,
 * DMPO_RENDER_NOTHING where there is nothing to see.
 */
export async function player(what: Playable, options: PlayerInput = {}): Promise<Player> {
  checkOptions(schema, options);
  return new Player(await rolloutOf(what), options);
}

/**
 * Shows the player below the cell of a notebook that runs.
 * @throws InputError as {@link player}, and DMPO_PLAYER_NOTEBOOK outside notebooks.
 */
export async function show(what: Playable, options: PlayerInput = {}): Promise<void> {
  const page = notebook();
  if (!page) {
    return fail(
      "DMPO_PLAYER_NOTEBOOK",
      "show",
      "no notebook is running this",
      "a cell of a notebook",
      'elsewhere, (await player(rollout)).save("rollout.html") writes a page',
    );
  }
  page.display((await player(what, options)).bundle());
}

async function rolloutOf(what: Playable): Promise<Rollout> {
  if (what instanceof Rollout) return what;
  return what instanceof Environment ? stateOf(what) : rollout(what);
}

/** An environment as it stands, as an episode without steps. */
export function stateOf(environment: Environment): Promise<Rollout> {
  const recorder = new EpisodeRecorder();
  recorder.begin(environment, new Float64Array(environment.definition.observationDimension).fill(NaN));
  return recorder.rollout((name) => name);
}

/** One or two rollouts as a scene that plays; shows itself in notebooks. */
export class Player {
  readonly #rollouts: readonly Rollout[];
  readonly #options: PlayerInput;

  /** @throws InputError as {@link player}. */
  constructor(first: Rollout, options: PlayerInput = {}) {
    const { compareWith: second, curves = [], camera } = options;
    if (second && second.env !== first.env) {
      fail("DMPO_PLAYER_COMPARE", "compareWith", `a rollout of ${second.env}`, `one of ${first.env}, as the first`);
    }
    this.#rollouts = second ? [first, second] : [first];
    this.#options = options;
    for (const one of this.#rollouts) {
      if (!one.scene) {
        fail("DMPO_RENDER_NOTHING", one.env, "has nothing to show", "an environment in MuJoCo, or one with pose()");
      }
      curves.forEach((name) => one.curve(name));
      if (camera !== undefined) one.scene.viewThrough(camera);
    }
  }

  /** A piece of a page, which needs nothing from elsewhere: a picture, in whose place a script puts the scene. */
  html(): string {
    const still = this.#rollouts[0]!.still!;
    const { width, height } = still;
    const content = webp(width, height, still.rgba(), 80);
    return playerHtml(
      this.#rollouts.map((one) => this.#played(one)),
      {
        follow: this.#options.follow,
        still: { type: "image/webp", content, width },
      },
    );
  }

  /** Writes a page with it, which works offline. @param path ending in ".html". */
  async save(path: string): Promise<void> {
    await writeFileAtomic(userPath(path), playerPage(this.#title(), [this.html()]));
  }

  /** The outputs of a notebook that shows it: a page shows the richest it can. */
  bundle(): MimeBundle {
    return {
      "text/html": this.html(),
      "image/png": Buffer.from(this.#rollouts[0]!.still!.png()).toString("base64"),
      "text/plain": this.toString(),
    };
  }

  toString(): string {
    return this.#rollouts.map(String).join("\n");
  }

  #title(): string {
    return [...new Set(this.#rollouts.map(({ title }) => title))].join(" and ");
  }

  #played(one: Rollout): PlayedRollout {
    const { viewThrough, view, ...scene } = one.scene!;
    const { camera, curves = one.steps > 0 ? ["reward", ...one.observationNames.slice(0, 1)] : [] } = this.#options;
    return {
      ...scene,
      title: one.title,
      secondsPerFrame: one.secondsPerStep,
      view: camera === undefined ? view : viewThrough(camera),
      curves: curves.map((name) => ({ name, values: one.curve(name) })),
    };
  }
}

showsAs(Player.prototype, (one) => one.bundle());
