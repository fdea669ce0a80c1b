// What a configuration selects: judged first, because the schema of the rest depends on it.
import { z } from "zod";
import { algorithmSections } from "./algorithm-sections.js";
import { interpolated, type InterpolationContext } from "../language/interpolation.js";
import { policySections } from "./policy-sections.js";
import { validate } from "./problems.js";
import type { Selection } from "./schemas.js";
import { asText, type Settings } from "../language/settings.js";

const policy = z.looseObject({ type: z.enum(Object.keys(policySections)) });
const algorithm = z.looseObject({ type: z.enum(Object.keys(algorithmSections)) });
const learning = { policy, algorithm };

const selected = z.discriminatedUnion("stage", [
  z.looseObject({ stage: z.literal("pretrain"), policy }),
  z.looseObject({ stage: z.literal("eval"), policy }),
  z.looseObject({ stage: z.literal("finetune"), ...learning }),
  z.looseObject({ stage: z.literal("scratch"), ...learning }),
  z.looseObject({ stage: z.literal("offline"), ...learning }),
]);

/** @throws InputError `DMPO_CONFIG_INVALID` if a choice is missing or unknown. */
export function select(settings: Settings, context: InterpolationContext): Selection {
  const chosen = validate(selected, settings);
  const { stage } = chosen;
  const type = chosen.policy.type;
  const types = Object.keys(policySections[type]!.networks);
  const network = chosenNetwork(settings, types);
  return {
    stage,
    policy: type,
    ...(chosen.stage !== "pretrain" && chosen.stage !== "eval" && { algorithm: chosen.algorithm.type }),
    network,
    envName: environmentName(settings, context),
  };
}

function chosenNetwork(settings: Settings, types: readonly string[]): string {
  const chosen: Settings = new Map([...settings].filter(([path]) => path === "model.network.type"));
  if (chosen.size === 0) return types[0]!;
  const network = z.looseObject({ type: z.enum(types as [string]) });
  return validate(z.looseObject({ model: z.looseObject({ network }) }), chosen).model.network.type;
}

/** Empty where there is none: the schema of the rest says so. */
function environmentName(settings: Settings, context: InterpolationContext): string {
  return settings.has("env_name") ? asText(interpolated(settings, "env_name", context)) : "";
}
