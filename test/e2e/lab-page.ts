// One notebook open in JupyterLab, driven as a user does (buttons, mouse) or, where the test is not about that, by commands.
import { expect } from "vitest";
import { type Browser, type Locator, type Page } from "playwright-core";

/** The part of JupyterLab's application object (`expose_app_in_browser`) that the tests use. */
interface Lab {
  readonly commands: { execute(name: string): Promise<unknown> };
  readonly shell: { readonly currentWidget: NotebookPanel };
}

interface NotebookPanel {
  readonly content: { activeCellIndex: number; readonly widgets: readonly unknown[] };
  readonly sessionContext: { readonly session?: { readonly kernel?: { readonly status: string } } };
  readonly context: { save(): Promise<void> };
}

declare const jupyterapp: Lab;

export class LabPage {
  private constructor(readonly page: Page) {}

  /** Opens a notebook and waits until its kernel is idle. */
  static async open(
    browser: Browser,
    url: string,
    notebook: string,
    size = { width: 1280, height: 900 },
  ): Promise<LabPage> {
    const page = await browser.newPage({ viewport: size, deviceScaleFactor: 1 });
    await page.goto(`${url}lab/tree/${notebook}?reset`);
    await page.waitForSelector(".jp-Notebook .jp-Cell", { timeout: 120_000 });
    const lab = new LabPage(page);
    await lab.untilStatus("idle");
    return lab;
  }

  /** Runs a cell without waiting for its end. */
  async run(index: number): Promise<void> {
    await this.page.evaluate((i) => {
      jupyterapp.shell.currentWidget.content.activeCellIndex = i;
      void jupyterapp.commands.execute("notebook:run-cell");
    }, index);
  }

  /** Runs a cell and waits until it has its number. */
  async runToEnd(index: number, timeout = 60_000): Promise<void> {
    await this.run(index);
    await this.untilExecuted(index, timeout);
  }

  async untilExecuted(index: number, timeout = 60_000): Promise<void> {
    const prompt = this.cell(index).locator(".jp-InputPrompt");
    await expect.poll(() => prompt.textContent(), { timeout, interval: 100 }).toMatch(/\[\d+\]/);
  }

  async untilStatus(status: string, timeout = 120_000): Promise<void> {
    const current = () => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status;
    await expect.poll(() => this.page.evaluate(current), { timeout, interval: 200 }).toBe(status);
  }

  /** Runs a command of JupyterLab, such as `notebook:restart-kernel`. */
  async command(name: string): Promise<void> {
    await this.page.evaluate((command) => void jupyterapp.commands.execute(command), name);
  }

  cell(index: number): Locator {
    return this.page.locator(".jp-Notebook .jp-Cell").nth(index);
  }

  outputs(index: number): Locator {
    return this.cell(index).locator(".jp-OutputArea-child .jp-OutputArea-output");
  }

  async text(index: number): Promise<string> {
    return (await this.outputs(index).allInnerTexts()).join("\n");
  }

  /** The stop button of the toolbar. */
  async pressStop(): Promise<void> {
    await this.page
      .locator('.jp-NotebookPanel-toolbar [data-jp-item-name="interrupt"] >> css=jp-button, button')
      .first()
      .click();
  }

  async save(): Promise<void> {
    await this.page.evaluate(() => jupyterapp.shell.currentWidget.context.save());
  }

  close(): Promise<void> {
    return this.page.close();
  }
}
