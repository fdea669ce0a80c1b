// What people do in a cell, as JupyterLab shows it: the pictures of docs/kernel.md (`npm run screenshot`).
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, hasJupyter, LabServer, launchBrowser, registerKernel, type Registered } from "./environment.js";
import { LabPage } from "./lab-page.js";
import { writeNotebook } from "./notebook-file.js";

const cells = {
  imports: `import { defineEnvironment, figures, makeEnvironment, MeanFlow, PPO, timeDensity } from "dmpo";
figures.showFiguresAs("static");`,
  "own-environment": `const pendulum = defineEnvironment({
  name: "pendulum",
  observationDimension: 3,
  actionDimension: 1,
  maxEpisodeSteps: 100,
  pose([angle = 0]) {
    return [{ name: "rod", from: [0, 0], to: [Math.sin(angle), -Math.cos(angle)], radius: 0.06 }];
  },
  create() {
    let [angle, speed] = [0, 0];
    return {
      secondsPerStep: 0.05,
      reset: (random) => void ([angle, speed] = [Math.PI * (2 * random.nextUniform() - 1), 0]),
      step([torque = 0]) {
        speed += 0.05 * (14 * torque - 9.81 * Math.sin(angle) - 0.5 * speed);
        angle += 0.05 * speed;
        return 1 - Math.cos(angle);
      },
      observe: (out) => out.set([Math.cos(angle), Math.sin(angle), speed]),
      terminated: () => false,
      state: () => ({ qpos: [angle], qvel: [speed] }),
    };
  },
});
const rod = await makeEnvironment(pendulum, { seed: 4 });
rod.reset();
rod.render({ width: 160, height: 160 });`,
  "own-distribution": `const mine = {
  type: "mixture",
  parts: [{ times: { type: "uniform" } }, { times: { type: "table", density: [3, 1, 0, 0, 1, 3] } }],
} as const;
const policy = MeanFlow.improved().withTimes(mine);
const x = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
const [draw, later] = (["draw", "t"] as const).map((time) => x.map(timeDensity(mine, time)));
figures.learningCurve(
  [{ name: "a draw", x, y: draw! }, { name: "the later time t of a pair", x, y: later! }],
  { title: "Times of my own", x: "time (0 data, 1 noise)", y: "density" },
);`,
  chinese: `figures.learningCurve(
  [{ name: "改良平均流", x: [0, 1e5, 2e5, 3e5], y: [1210, 1950, 2480, 2890] },
   { name: "整流流 🚀", x: [0, 1e5, 2e5, 3e5], y: [1180, 1700, 2200, 2510] }],
  { title: "学习曲线：每回合的回报", subtitle: "μ ± σ, 10<sup>3</sup>", x: "环境步数", y: "回报" });`,
};
/** The option is explained in a notebook of its own, which leaves room around it. */
const explained = `import { PPO } from "dmpo";
declare const base: Parameters<typeof PPO.finetune>[0];
const tune = () =>
  PPO.finetune(base, {
    targetKl: 0.02,
    iterations: 20,
  });`;
const names = Object.keys(cells) as (keyof typeof cells)[];

describe.skipIf(!hasJupyter || !hasChromium)("in JupyterLab", () => {
  let registered: Registered;
  let server: LabServer;
  let browser: Browser;
  let folder: string;
  let pictures: string;

  beforeAll(async () => {
    registered = await registerKernel();
    // The kernel finds the package from the notebook's folder.
    folder = await mkdtemp(join(tmpdir(), "dmpo-screenshots-"));
    pictures = process.env.DMPO_SCREENSHOTS ?? join(folder, "pictures");
    await mkdir(pictures, { recursive: true });
    [server, browser] = await Promise.all([LabServer.start(registered, folder), launchBrowser()]);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await registered?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function take(name: string, what: Locator): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const path = join(pictures, `${name}.png`);
    await what.screenshot({ path });
    const { size } = await stat(path);
    expect(size).toBeGreaterThan(5_000);
    expect(size).toBeLessThan(150_000);
  }

  test("own environment, own distribution, a Chinese figure (screenshot)", { timeout: 600_000 }, async () => {
    await writeNotebook(join(folder, "shown.ipynb"), Object.values(cells));
    const lab = await LabPage.open(browser, server.url, "shown.ipynb", { width: 1000, height: 900 });
    await lab.command("application:toggle-left-area");
    for (const [index, name] of names.entries()) {
      await lab.runToEnd(index, 180_000);
      expect(await lab.text(index)).not.toContain("Error");
      if (name === "own-environment" || name === "own-distribution") {
        await expect.poll(() => lab.outputs(index).locator("img").count(), { timeout: 60_000 }).toBe(1);
        await take(name, lab.cell(index));
      }
      // The page's own fonts may lack the code's letters; the figure brings its own.
      if (name === "chinese") {
        await expect.poll(() => lab.outputs(index).locator("img").count(), { timeout: 60_000 }).toBe(1);
        await take(name, lab.outputs(index).locator("img"));
      }
    }
    await lab.close();
  });

  test("an option explained (screenshot)", { timeout: 300_000 }, async () => {
    await writeNotebook(join(folder, "explained.ipynb"), [explained]);
    const lab = await LabPage.open(browser, server.url, "explained.ipynb", { width: 860, height: 460 });
    await lab.command("application:toggle-left-area");
    await lab.cell(0).getByText("targetKl").first().click();
    await lab.page.keyboard.press("Shift+Tab");
    const tip = lab.page.locator(".jp-Tooltip");
    await expect.poll(() => tip.count(), { timeout: 30_000 }).toBe(1);
    const text = await tip.innerText();
    expect(text).toMatch(/targetKl/);
    expect(text).toMatch(/[Dd]efault/);
    await take("hover", lab.page.locator(".jp-Notebook"));
    await lab.close();
  });
});
