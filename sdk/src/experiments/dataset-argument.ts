// Demonstrations as an argument of a call.
import { z } from "zod";
import type { Dataset } from "../data/dataset.js";
import { checkOptions } from "../options.js";

/** Whatever has what {@link Dataset} has. */
export const dataset = z.custom<Dataset>(
  (value) => typeof (value as Partial<Dataset> | null | undefined)?.observationDimension === "number",
  'a Dataset, such as `await Dataset.bundled("hopper-medium-mini")`',
);

const schema = z.strictObject({ data: dataset });

/** @throws InputError for something else. */
export const requireDataset = (data: Dataset): void => checkOptions(schema, { data });
