// Shapes of a rollout as three.js has them.
import {
  BoxGeometry,
  BufferAttribute,
  BufferGeometry,
  CapsuleGeometry,
  Color,
  CylinderGeometry,
  Mesh,
  MeshStandardMaterial,
  RepeatWrapping,
  SphereGeometry,
  SRGBColorSpace,
  Texture,
} from "three";
import type { PlayedMesh, PlayedShape } from "../recording.js";

const geometries = new WeakMap<PlayedMesh, BufferGeometry>();

/** @param changed called when a picture on it has been read. */
export function meshOf({ solid, stretch, color, gloss, emission, texture }: PlayedShape, changed: () => void): Mesh {
  const [red, green, blue, alpha] = color;
  const paint = new Color().setRGB(red, green, blue, SRGBColorSpace);
  const material = new MeshStandardMaterial({
    color: paint,
    roughness: 0.95 - 0.6 * gloss,
    metalness: 0,
    emissive: paint,
    emissiveIntensity: 0.5 * emission,
    ...(alpha < 1 && { transparent: true, opacity: alpha, depthWrite: false }),
    fog: false,
  });
  if (texture) paintWith(material, texture, changed);
  const mesh = new Mesh(geometryOf(solid), material);
  if (stretch) mesh.scale.set(...stretch);
  mesh.castShadow = alpha === 1;
  mesh.receiveShadow = true;
  return mesh;
}

function geometryOf(solid: PlayedShape["solid"]): BufferGeometry {
  if (solid.type === "mesh") {
    const geometry = geometries.get(solid) ?? triangles(solid);
    geometries.set(solid, geometry);
    return geometry;
  }
  const [a, b = a, c = a] = solid.size as [number, number?, number?];
  switch (solid.type) {
    case "sphere":
      return new SphereGeometry(a, 40, 24);
    case "ellipsoid":
      return new SphereGeometry(1, 40, 24).rotateX(Math.PI / 2).scale(a, b, c);
    // Those of three.js stand along y.
    case "capsule":
      return new CapsuleGeometry(a, 2 * b, 12, 32).rotateX(Math.PI / 2);
    case "cylinder":
      return new CylinderGeometry(a, a, 2 * b, 40).rotateX(Math.PI / 2);
    case "box":
      return new BoxGeometry(2 * a, 2 * b, 2 * c);
  }
}

function triangles({ positions, normals, textureCoordinates, faces }: PlayedMesh): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setAttribute("normal", new BufferAttribute(normals, 3));
  if (textureCoordinates) geometry.setAttribute("uv", new BufferAttribute(textureCoordinates, 2));
  geometry.setIndex(new BufferAttribute(faces, 1));
  return geometry;
}

function paintWith(material: MeshStandardMaterial, content: Uint8Array, changed: () => void): void {
  const image = new Image();
  const url = URL.createObjectURL(new Blob([content as BlobPart], { type: "image/webp" }));
  image.onload = () => {
    URL.revokeObjectURL(url);
    const texture = new Texture(image);
    texture.flipY = false;
    texture.wrapS = texture.wrapT = RepeatWrapping;
    texture.colorSpace = SRGBColorSpace;
    texture.anisotropy = 8;
    texture.needsUpdate = true;
    material.map = texture;
    material.needsUpdate = true;
    changed();
  };
  image.src = url;
}
