export function pruneDependencies(
  nodeModules: string,
  machine?: { readonly system: string; readonly architecture: string },
): void;
