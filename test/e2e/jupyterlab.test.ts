// The kernel in the real JupyterLab, in headless Chromium: what the protocol cannot show, because the page decides it.
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  hasChromium,
  hasJupyter,
  LabServer,
  launchBrowser,
  projectRoot,
  registerKernel,
  type Registered,
} from "./environment.js";
import { LabPage } from "./lab-page.js";
import { type NotebookFile, writeNotebook } from "./notebook-file.js";

const quickstart = join(projectRoot, "notebooks/00-quickstart.ipynb");
const api = '(globalThis as any)[Symbol.for("dmpo.notebook")]';

describe.skipIf(!hasJupyter || !hasChromium)("JupyterLab", () => {
  let registered: Registered;
  let server: LabServer;
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    registered = await registerKernel();
    folder = await mkdtemp(join(tmpdir(), "dmpo-lab-"));
    [server, browser] = await Promise.all([LabServer.start(registered, folder), launchBrowser()]);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await registered?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(name: string, cells: readonly string[]): Promise<LabPage> {
    await writeNotebook(join(folder, name), cells);
    return LabPage.open(browser, server.url, name);
  }

  test("outputs appear in order", async () => {
    const lab = await open("order.ipynb", [
      `console.log("first"); ${api}.display({ "text/html": "<b>second</b>" }); console.error("third"); 4 * 11`,
      "for (let i = 0; i < 2000; i++) console.log(i)",
    ]);
    await lab.runToEnd(0);
    await expect
      .poll(() => lab.outputs(0).allInnerTexts())
      .toEqual(["first", "second", "third", "44"].map((text) => expect.stringContaining(text)));
    await lab.runToEnd(1);
    await expect.poll(async () => (await lab.text(1)).trim().split(/\s+/).length).toBe(2000);
    expect((await lab.text(1)).trim().split(/\s+/)).toEqual(Array.from({ length: 2000 }, (_, i) => String(i)));
    await lab.close();
  });

  test("progress is redrawn in place, and the file keeps its last state", async () => {
    const lab = await open("progress.ipynb", [
      `${api}.display({ "text/html": "<i>0 of 20</i>" }, { id: "progress" });
for (let i = 1; i <= 20; i++) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  ${api}.display({ "text/html": \`<i>\${i} of 20</i>\` }, { id: "progress", update: true });
}`,
    ]);
    await lab.run(0);
    const seen = new Set<string>();
    await expect
      .poll(
        async () => {
          const [shown, ...others] = await lab.outputs(0).allInnerTexts();
          expect(others).toEqual([]);
          if (shown) seen.add(shown.trim());
          return shown?.trim();
        },
        { timeout: 30_000, interval: 50 },
      )
      .toBe("20 of 20");
    expect(seen.size).toBeGreaterThan(4);
    await lab.untilExecuted(0);
    await lab.save();
    const file = JSON.parse(await readFile(join(folder, "progress.ipynb"), "utf8")) as NotebookFile;
    expect(file.cells[0]!.outputs).toHaveLength(1);
    expect([file.cells[0]!.outputs![0]!.data!["text/html"]].flat().join("")).toBe("<i>20 of 20</i>");
    await lab.close();
  });

  test.each(["while (true) {}", "await null; while (true) {}", "await new Promise(() => {})"])(
    "the stop button ends `%s`; variables stay",
    async (code) => {
      const lab = await open("stop.ipynb", ["const kept = 42;", code, "kept"]);
      await lab.runToEnd(0);
      await lab.run(1);
      await lab.untilStatus("busy");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const pressed = performance.now();
      await lab.pressStop();
      await expect.poll(() => lab.text(1), { timeout: 10_000 }).toContain("KeyboardInterrupt");
      expect(performance.now() - pressed).toBeLessThan(5000);
      await lab.runToEnd(2);
      await expect.poll(() => lab.text(2)).toBe("42");
      await lab.close();
    },
  );

  test("a figure of the SDK is a picture until the mouse enters it, then interactive", async () => {
    const lab = await open("figure.ipynb", [
      'import { figures } from "dmpo";\nfigures.histogram([{ name: "returns", values: [1, 2, 2, 3, 5] }])',
    ]);
    await lab.runToEnd(0, 120_000);
    const output = lab.outputs(0).first();
    const picture = output.locator("img").first();
    await picture.waitFor({ state: "visible", timeout: 30_000 });
    expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(300);
    await picture.hover({ force: true });
    await output.locator(".plot-container .main-svg").first().waitFor({ state: "visible", timeout: 60_000 });
    await lab.close();
  });

  test("restart forgets the variables and runs again", async () => {
    const lab = await open("restart.ipynb", ["const before = 1;", "before", "1 + 1"]);
    await lab.runToEnd(0);
    await lab.command("notebook:restart-kernel");
    await lab.page.locator(".jp-Dialog .jp-mod-accept").click();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await lab.untilStatus("idle");
    await lab.runToEnd(1);
    await expect.poll(() => lab.text(1)).toContain("Cannot find name 'before'");
    await lab.runToEnd(2);
    await expect.poll(() => lab.text(2)).toBe("2");
    await lab.close();
  });

  test("completion offers members with Tab", async () => {
    const lab = await open("completion.ipynb", ["const engine = { ignition: 1, injection: 2 };", "engine.i"]);
    await lab.runToEnd(0);
    await lab.cell(1).locator(".cm-content").click();
    await lab.page.keyboard.press("End");
    await lab.page.keyboard.press("Tab");
    await lab.page.locator(".jp-Completer").waitFor({ state: "visible", timeout: 30_000 });
    await expect.poll(() => lab.page.locator(".jp-Completer-item").allInnerTexts()).toHaveLength(2);
    await lab.close();
  });

  test.skipIf(!existsSync(quickstart))(
    "the quickstart runs to its end (screenshot)",
    { timeout: 900_000 },
    async () => {
      await cp(quickstart, join(folder, "00-quickstart.ipynb"));
      const lab = await LabPage.open(browser, server.url, "00-quickstart.ipynb", { width: 1280, height: 1180 });
      const file = JSON.parse(await readFile(quickstart, "utf8")) as NotebookFile;
      const last = file.cells.findLastIndex(({ cell_type }) => cell_type === "code");
      await lab.command("notebook:run-all-cells");
      await lab.untilExecuted(last, 600_000);
      expect(await lab.page.locator('.jp-RenderedText[data-mime-type="application/vnd.jupyter.stderr"]').count()).toBe(
        0,
      );
      // The picture shows the last chart with the code that drew it.
      await lab.command("application:toggle-left-area");
      await lab.cell(last).scrollIntoViewIfNeeded();
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const picture = await lab.page.screenshot({ path: process.env.DMPO_SCREENSHOT });
      expect(picture.length).toBeGreaterThan(50_000);
      await lab.close();
    },
  );
});
