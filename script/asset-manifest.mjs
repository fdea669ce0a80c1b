// Writes sdk/data/assets/*.json: path, bytes and SHA-256 of the files that are fetched from other people's Python packages.
//   node script/asset-manifest.mjs FOLDER-OF-WHEELS
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { format, resolveConfig } from "prettier";

const panda = String.raw`furniture_bench/assets/franka_description_ros/franka_description`;
const parts = "(square_table|lamp|round_table)";

/** `physics`: what simulating needs; `pictures`: what is seen besides. */
const packages = {
  robosuite: {
    ...{ distribution: "robosuite", version: "1.4.1", license: "MIT" },
    wheel: "robosuite-1.4.1-py3-none-any.whl",
    physics: [
      /^robosuite-1\.4\.1\.dist-info\/LICENSE$/,
      /^robosuite\/models\/assets\/(base\.xml|arenas\/[^/]+\.xml|mounts\/[^/]+\.xml|objects\/[^/]+\.xml)$/,
      /^robosuite\/models\/assets\/(grippers\/(panda|null)_gripper\.xml|robots\/panda\/[^/]+\.xml)$/,
      /^robosuite\/models\/assets\/(robots\/panda\/meshes\/link\d\.stl|grippers\/meshes\/panda_gripper\/(hand|finger)\.stl)$/,
      /^robosuite\/models\/assets\/objects\/meshes\/(can\.msh|milk\.msh|cereal\.msh|bread\.stl)$/,
    ],
    pictures: [
      /^robosuite\/models\/assets\/robots\/panda\/obj_meshes\/.+\.obj$/,
      /^robosuite\/models\/assets\/grippers\/meshes\/panda_gripper\/(finger_longer|finger_vis|hand_vis)\.stl$/,
      /^robosuite\/models\/assets\/mounts\/meshes\/rethink_mount\/pedestal\.stl$/,
      /^robosuite\/models\/assets\/objects\/meshes\/(can|milk|cereal)\.stl$/,
      /^robosuite\/models\/assets\/textures\/(brass-ambra|bread|ceramic|cereal|dark-wood|light-gray-floor-tile)\.png$/,
      /^robosuite\/models\/assets\/textures\/(light-gray-plaster|light-wood|red-wood|soda|steel-brushed|steel-scratched)\.png$/,
    ],
  },
  kitchen: {
    ...{ distribution: "d4rl", version: "1.1", license: "Apache-2.0" },
    wheel: "d4rl-1.1-py3-none-any.whl",
    physics: [
      /^d4rl-1\.1\.dist-info\/LICENSE$/,
      /^d4rl\/kitchen\/adept_envs\/franka\/assets\/franka_kitchen_jntpos_act_ab\.xml$/,
      /^d4rl\/kitchen\/adept_models\/kitchen\/assets\/.+\.xml$/,
      /^d4rl\/kitchen\/adept_models\/scenes\/basic_scene\.xml$/,
      /^d4rl\/kitchen\/third_party\/franka\/assets\/(actuator0|assets|chain0)\.xml$/,
      /^d4rl\/kitchen\/third_party\/franka\/meshes\/collision\/.+\.stl$/,
    ],
    pictures: [
      /^d4rl\/kitchen\/third_party\/franka\/meshes\/visual\/.+\.stl$/,
      /^d4rl\/kitchen\/adept_models\/kitchen\/meshes\/.+\.stl$/,
      /^d4rl\/kitchen\/adept_models\/(kitchen|scenes)\/textures\/.+\.png$/,
    ],
  },
  furniture: {
    ...{ distribution: "furniture-bench", version: "0.1", license: "MIT" },
    wheel: "furniture_bench-0.1-py3-none-any.whl",
    physics: [
      /^furniture_bench-0\.1\.dist-info\/LICENSE$/,
      new RegExp(String.raw`^furniture_bench/assets/furniture/mesh/([^/]+|${parts}/[^/]+)\.obj$`),
      new RegExp(String.raw`^furniture_bench/assets/furniture/urdf/([^/]+|${parts}/[^/]+)\.urdf$`),
      new RegExp(String.raw`^${panda}/(meshes/collision/.+\.stl|robots/franka_panda\.urdf|package\.xml)$`),
    ],
    pictures: [
      new RegExp(String.raw`^${panda}/meshes/visual/.+\.dae$`),
      new RegExp(String.raw`^furniture_bench/assets/furniture/mesh/([^/]+|${parts}/[^/]+)\.mtl$`),
      /^furniture_bench\/assets\/furniture\/mesh\/(square_table\/)?textures\/.+\.(png|jpe?g)$/,
    ],
  },
};

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

const [folder] = process.argv.slice(2);
for (const [name, { wheel, physics, pictures, ...about }] of Object.entries(packages)) {
  const archive = readFileSync(join(folder, wheel));
  const listed = (patterns) => {
    const files = unzipSync(archive, { filter: (entry) => patterns.some((pattern) => pattern.test(entry.name)) });
    const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([path, bytes]) => [path, [bytes.length, sha256(bytes)]]));
  };
  const manifest = {
    ...about,
    wheel: { file: wheel, bytes: archive.length, sha256: sha256(archive) },
    physics: listed(physics),
    pictures: listed(pictures),
  };
  const target = fileURLToPath(new URL(`../sdk/data/assets/${name}.json`, import.meta.url));
  const style = { ...(await resolveConfig(target)), filepath: target };
  writeFileSync(target, await format(JSON.stringify(manifest), style));
  const total = (files) => Object.values(files).reduce((sum, [bytes]) => sum + bytes, 0);
  for (const part of ["physics", "pictures"]) {
    console.log(name, part, Object.keys(manifest[part]).length, "files", total(manifest[part]), "bytes");
  }
}
