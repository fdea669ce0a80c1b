// The one graphics context of a page, whatever its number of players (browsers keep about sixteen): it draws, players copy.
import { PCFShadowMap, WebGLRenderer, type Camera, type Scene } from "three";

/** A scene seen by a camera, in a part of the picture. */
export interface Sight {
  readonly scene: Scene;
  readonly camera: Camera;
  /** Pixels. */
  readonly left: number;
  readonly width: number;
}

let renderer: WebGLRenderer | undefined | "absent";
const waiting = new Set<() => void>();

function graphics(): WebGLRenderer | undefined {
  if (renderer === undefined) {
    try {
      renderer = new WebGLRenderer({ antialias: true });
      renderer.shadowMap.enabled = true;
      renderer.shadowMap.type = PCFShadowMap;
      renderer.setScissorTest(true);
      renderer.domElement.addEventListener("webglcontextrestored", () => {
        for (const draw of waiting) draw();
      });
    } catch {
      renderer = "absent";
    }
  }
  return renderer === "absent" ? undefined : renderer;
}

/** Whether this page can draw in space. */
export const canDraw = (): boolean => graphics() !== undefined;

/** Whether a processor computes the pictures, which it does slowly. */
function isSlow(): boolean {
  const context = graphics()?.getContext();
  const name: unknown = context?.getParameter(context.RENDERER);
  return /swiftshader|llvmpipe|software/i.test(String(name));
}

/** Pixels of the screen that are worth drawing for each CSS pixel. */
export const finestRatio = (): number => (isSlow() ? 1 : 2);

/** Pixels of a shadow's picture along each side. */
export const shadowSide = (): number => (isSlow() ? 1024 : 2048);

/** Tells when a context that was lost is there again; returns what ends it. */
export function onRestored(draw: () => void): () => void {
  waiting.add(draw);
  return () => void waiting.delete(draw);
}

/** Draws side by side into a canvas of (width, height) pixels. */
export function drawInto(canvas: HTMLCanvasElement, width: number, height: number, sights: readonly Sight[]): void {
  const own = graphics()!;
  const { domElement } = own;
  if (domElement.width < width || domElement.height < height) {
    own.setSize(Math.max(width, domElement.width), Math.max(height, domElement.height), false);
  }
  for (const { scene, camera, left, width: share } of sights) {
    own.setViewport(left, 0, share, height);
    own.setScissor(left, 0, share, height);
    own.render(scene, camera);
  }
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d")!.drawImage(domElement, 0, domElement.height - height, width, height, 0, 0, width, height);
}
