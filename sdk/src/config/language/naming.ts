// snake_case of YAML and the command line <-> camelCase of options: converted here and nowhere else.

/** "n_train_itr" -> "nTrainItr". */
export function toCamelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** "nTrainItr" -> "n_train_itr". */
export function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A copy with every key of every nested mapping in camelCase; list elements and values stay. */
export const camelCaseKeys = (value: unknown): unknown => renameKeys(value, toCamelCase);

/** The way back. */
export const snakeCaseKeys = (value: unknown): unknown => renameKeys(value, toSnakeCase);

function renameKeys(value: unknown, rename: (key: string) => string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [rename(key), renameKeys(inner, rename)]));
}
