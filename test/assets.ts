// Whether the files of other people's packages are on this machine; tests that need them use `test.skipIf(!hasAssets("kitchen"))`.
import { assetFolder, type AssetPackage, type AssetSubset } from "../sdk/src/envs/assets/assets.js";

export function hasAssets(name: AssetPackage, subset: AssetSubset = "physics"): boolean {
  try {
    assetFolder(name, subset);
    return true;
  } catch {
    return false;
  }
}
