// Every algorithm that learns in environments, by its name.
import type { AnyAlgorithm } from "../learning/algorithm.js";
import { awr } from "./awr.js";
import { calql } from "./calql.js";
import { dipo } from "./dipo.js";
import { dql } from "./dql.js";
import { fql } from "./fql.js";
import { grpo } from "./grpo.js";
import { ibrl } from "./ibrl.js";
import { idql } from "./idql.js";
import type { IterationRecord } from "./iteration-record.js";
import { ppo } from "./ppo.js";
import { qsm } from "./qsm.js";
import { rlpd } from "./rlpd.js";
import { rwr } from "./rwr.js";
import { sac } from "./sac.js";

const known: readonly AnyAlgorithm<IterationRecord>[] = [
  ...[ppo, sac, awr, rwr, dql, idql, qsm, dipo, grpo, rlpd],
  ...[fql, calql, ibrl],
];

export const algorithms: Readonly<Record<string, AnyAlgorithm<IterationRecord>>> = Object.fromEntries(
  known.map((algorithm) => [algorithm.name, algorithm]),
);
