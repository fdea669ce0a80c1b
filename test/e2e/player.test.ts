// The 3-D player in headless Chromium: it draws, plays and scrubs, in a page of its own, in nbconvert's HTML and in JupyterLab,
// without a network; where scripts do not run there is a picture.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { Random } from "../../sdk/src/engine/random.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { Player } from "../../sdk/src/experiments/rollouts/player.js";
import { EpisodeRecorder, type Rollout } from "../../sdk/src/experiments/rollouts/rollout.js";
import { hasChromium, hasJupyter, LabServer, launchBrowser, python, registerKernel } from "./environment.js";
import { LabPage } from "./lab-page.js";
import { writeNotebook } from "./notebook-file.js";

/** A demonstration of the half cheetah, state by state; or random actions from its start. */
async function cheetah(steps: number, kind: "demonstration" | "random actions"): Promise<Rollout> {
  const data = await Dataset.bundled("halfcheetah-medium-mini");
  const rows = data.episode(0).observations;
  const environment = await makeEnvironment("halfcheetah-v2");
  const recorder = new EpisodeRecorder();
  const action = new Float32Array(6);
  const random = new Random(1).stream("actions");
  let x = 0;
  /** Observed is all but the position, which is the sum of velocities. */
  const stateAt = (step: number) => {
    const seen = rows[step]!;
    if (step > 0) x += environment.secondsPerStep * seen[8]!;
    return { seen, state: { qpos: [x, ...seen.subarray(0, 8)], qvel: seen.subarray(8) } };
  };
  const start = stateAt(0);
  environment.reset();
  environment.setState(start.state);
  recorder.begin(environment, start.seen);
  for (let step = 1; step <= steps; step++) {
    if (kind === "random actions") {
      recorder.step(environment, environment.step(random.uniform(action, -1, 1)));
      continue;
    }
    const { seen, state } = stateAt(step);
    environment.setState(state);
    recorder.step(environment, { observation: seen, reward: seen[8]! });
  }
  const rollout = await recorder.rollout(() => kind);
  environment.close();
  return rollout;
}

/** Of the picture: how many pixels have the robot's colour, and the middle of them from left to right, 0 to 1. */
function robot(player: Locator): Promise<{ pixels: number; middle: number }> {
  return player.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
    let [pixels, sum] = [0, 0];
    for (let at = 0; at < data.length; at += 4) {
      if (data[at]! - data[at + 2]! < 40) continue;
      pixels++;
      sum += (at / 4) % width;
    }
    return { pixels, middle: sum / pixels / width };
  });
}

const frameOf = async (player: Locator) => Number(await player.getAttribute("data-frame"));
const cursorOf = (player: Locator) =>
  player
    .locator(".cursor")
    .first()
    .evaluate((cursor: HTMLElement) => parseFloat(cursor.style.left));

/** Waits until something is drawn. */
async function drawn(player: Locator): Promise<void> {
  await player.scrollIntoViewIfNeeded();
  await expect.poll(async () => (await robot(player)).pixels, { timeout: 30_000 }).toBeGreaterThan(500);
}

describe.skipIf(!hasChromium)("the player", () => {
  let browser: Browser;
  let folder: string;
  let alone: Player;
  let both: Player;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dmpo-player-"));
    browser = await launchBrowser({ graphics: true });
    const [demonstration, random] = [await cheetah(80, "demonstration"), await cheetah(60, "random actions")];
    alone = new Player(demonstration, { follow: false });
    both = new Player(demonstration, { compareWith: random, curves: ["forward velocity", "return"] });
    await Promise.all([alone.save(join(folder, "alone.html")), both.save(join(folder, "both.html"))]);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a file without a network, and says what went wrong in it. */
  async function open(name: string, options: { javaScriptEnabled?: boolean } = {}) {
    const context = await browser.newContext({ viewport: { width: 900, height: 640 }, offline: true, ...options });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", ({ message }) => errors.push(message));
    await page.goto(pathToFileURL(join(folder, name)).href, { waitUntil: "domcontentloaded" });
    return { page, errors };
  }

  test("draws, plays, scrubs; the keyboard does, too", async () => {
    const { page, errors } = await open("alone.html");
    const player = page.locator(".player");
    await drawn(player);
    expect(await page.locator("img").isVisible()).toBe(false);
    const before = await robot(player);
    expect([await frameOf(player), await cursorOf(player)]).toEqual([0, 0]);

    await player.getByRole("button", { name: "Play" }).click();
    await expect.poll(() => frameOf(player), { timeout: 20_000 }).toBeGreaterThan(5);
    await player.getByRole("button", { name: "Pause" }).click();
    const paused = await frameOf(player);
    await page.waitForTimeout(200);
    expect(await frameOf(player)).toBe(paused);

    await player.getByRole("slider", { name: "Time" }).fill("12");
    await expect.poll(() => frameOf(player)).toBe(12);
    expect(await cursorOf(player)).toBeCloseTo(15, 5);
    expect(await player.locator(".time").textContent()).toBe("0.60 / 4.00 s");
    // It runs to the right.
    await expect.poll(async () => (await robot(player)).middle - before.middle).toBeGreaterThan(0.1);

    const plot = (await player.locator(".plot").first().boundingBox())!;
    await page.mouse.click(plot.x + plot.width / 4, plot.y + plot.height / 2);
    await expect.poll(() => frameOf(player)).toBe(20);
    await player.locator("canvas").focus();
    await page.keyboard.press("ArrowRight");
    expect(await frameOf(player)).toBe(21);
    await page.keyboard.press("Home");
    await expect.poll(async () => Math.abs((await robot(player)).middle - before.middle)).toBeLessThan(0.01);

    // Drag to turn; the button brings the view back.
    const { x, y, width, height } = (await player.locator("canvas").boundingBox())!;
    await page.mouse.move(x + width / 2, y + height / 3);
    await page.mouse.down();
    await page.mouse.move(x + width / 2 + 150, y + height / 3, { steps: 3 });
    await page.mouse.up();
    await expect.poll(async () => Math.abs((await robot(player)).pixels - before.pixels)).toBeGreaterThan(50);
    await player.getByRole("button", { name: "Reset view" }).click();
    await expect.poll(async () => Math.abs((await robot(player)).pixels - before.pixels)).toBeLessThan(20);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test("two side by side share the clock, the shorter one waits at its end (screenshot)", async () => {
    const { page, errors } = await open("both.html");
    await page.setViewportSize({ width: 1132, height: 720 });
    const player = page.locator(".player");
    await drawn(player);
    expect(await player.locator(".label").allTextContents()).toEqual(["demonstration", "random actions"]);
    await player.getByRole("slider", { name: "Time" }).fill("40");
    await expect.poll(() => frameOf(player)).toBe(40);
    const [name, velocities] = [player.locator(".name").first(), player.locator(".value").first().locator("span")];
    expect(await name.textContent()).toBe("forward velocity");
    const first = (await velocities.allTextContents()).map(Number);
    expect(first[0]! - first[1]!).toBeGreaterThan(2);
    // As with a mouse, whose clicks show no ring around what has the focus.
    await page.getByRole("slider").evaluate((slider: HTMLElement) => slider.blur());
    await page.waitForTimeout(500);
    const picture = await player.screenshot({ path: process.env.DMPO_SCREENSHOT });
    expect(picture.length).toBeGreaterThan(30_000);
    const halves = () =>
      player.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
        const { width, height } = canvas;
        const context = canvas.getContext("2d")!;
        // A sum that tells pictures apart.
        return [0, 1].map((half) =>
          context
            .getImageData((half * width) / 2, 0, width / 2, height)
            .data.reduce((sum, value) => (Math.imul(sum, 31) + value) | 0, 0),
        );
      });
    await player.getByRole("slider", { name: "Time" }).fill("62");
    await page.waitForTimeout(500);
    const [movingAt62, waitingAt62] = await halves();
    await player.getByRole("slider", { name: "Time" }).fill("78");
    await page.waitForTimeout(500);
    const [movingAt78, waitingAt78] = await halves();
    expect(waitingAt78).toBe(waitingAt62);
    expect(movingAt78).not.toBe(movingAt62);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test("without scripts there is a picture", async () => {
    const { page } = await open("alone.html", { javaScriptEnabled: false });
    const image = page.locator("img");
    expect(await image.isVisible()).toBe(true);
    expect((await image.boundingBox())!.width).toBe(640);
    await page.context().close();
  });

  describe.skipIf(!hasJupyter)("in notebooks", () => {
    test("a saved notebook with three, as nbconvert's HTML and in JupyterLab", { timeout: 240_000 }, async () => {
      const bundles = [alone, both, alone].map((player) => player.bundle());
      const stored = join(folder, "bundle.json");
      await writeFile(stored, JSON.stringify(alone.bundle()));
      const shows = `import { readFileSync } from "node:fs";
(globalThis as any)[Symbol.for("dmpo.notebook")].display(JSON.parse(readFileSync(${JSON.stringify(stored)}, "utf8")))`;
      await writeNotebook(join(folder, "players.ipynb"), [shows, "2", "3"]);
      const file = JSON.parse(await readFile(join(folder, "players.ipynb"), "utf8")) as {
        cells: { outputs: object[] }[];
      };
      bundles.forEach((data, i) => file.cells[i]!.outputs.push({ output_type: "display_data", metadata: {}, data }));
      await writeFile(join(folder, "players.ipynb"), JSON.stringify(file));
      const registered = await registerKernel();
      try {
        const convert = ["-m", "nbconvert", "--to", "html", "--log-level", "ERROR", join(folder, "players.ipynb")];
        const [server] = await Promise.all([LabServer.start(registered, folder), python(registered, convert)]);
        try {
          await inConverted();
          await inLab(server.url);
        } finally {
          await server.stop();
        }
      } finally {
        await registered.remove();
      }
    });

    async function inConverted(): Promise<void> {
      const { page } = await open("players.html");
      const players = page.locator(".player");
      await expect.poll(() => players.count(), { timeout: 30_000 }).toBe(3);
      for (let i = 0; i < 3; i++) await drawn(players.nth(i));
      // Of one page all have one script.
      expect(
        await page
          .evaluate(() => Object.keys(window).filter((key) => key.startsWith("dmpo player")))
          .then((keys) => keys.length),
      ).toBe(1);
      await players.nth(2).getByRole("slider", { name: "Time" }).fill("40");
      await expect.poll(() => frameOf(players.nth(2))).toBe(40);
      expect(await frameOf(players.nth(0))).toBe(0);
      await page.context().close();
    }

    async function inLab(url: string): Promise<void> {
      const lab = await LabPage.open(browser, url, "players.ipynb");
      const { page } = lab;
      // What others saved is not trusted, and runs nothing: the picture stays.
      await expect.poll(() => page.locator("img[alt='demonstration']").first().isVisible()).toBe(true);
      expect(await page.locator(".player").count()).toBe(0);
      // What a cell shows does.
      await lab.runToEnd(0);
      await drawn(page.locator(".player"));
      await playsIn(page);
      await lab.close();
    }

    async function playsIn(page: Page): Promise<void> {
      const player = page.locator(".player");
      await player.getByRole("button", { name: "Play" }).click();
      await expect.poll(() => frameOf(player), { timeout: 20_000 }).toBeGreaterThan(2);
    }
  });
});
