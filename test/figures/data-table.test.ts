// Tables to compute with, and how they are shown.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { danfoFrame, dataTable } from "../../sdk/src/figures/data-table.js";
import { htmlTable, plainTable } from "../../sdk/src/figures/html-table.js";

const display = Symbol.for("Jupyter.display");
const bundleOf = (value: object) => (value as Record<symbol, () => Record<string, string>>)[display]!();

describe("HTML and text", () => {
  const columns = ["name", "<n>"];
  test("contents are escaped, numbers are rounded alike and stand to the right", () => {
    const html = htmlTable({
      columns,
      rows: [
        ["<img src=x onerror=alert(1)>", 1.23456],
        ['"&', 100],
      ],
    });
    expect(html).toBe(
      '<table><thead><tr><th style="text-align: left">name</th><th style="text-align: right">&lt;n&gt;</th></tr></thead>' +
        '<tbody><tr><td style="text-align: left">&lt;img src=x onerror=alert(1)&gt;</td><td style="text-align: right">1.2</td></tr>' +
        '<tr><td style="text-align: left">&quot;&amp;</td><td style="text-align: right">100.0</td></tr></tbody></table>',
    );
  });

  test("text is aligned", () => {
    const rows = [
      ["a", 1],
      ["long", 20],
    ] as const;
    expect(plainTable({ columns: ["name", "n"], rows })).toBe("name   n\n----  --\na      1\nlong  20");
  });

  test("long tables are cut, and say so", () => {
    const rows = Array.from({ length: 5000 }, (_, i) => ["x", i]);
    expect(htmlTable({ columns, rows })).toContain('<td colspan="2">4,900 more rows</td>');
    expect(htmlTable({ columns, rows }).length).toBeLessThan(20_000);
    expect(plainTable({ columns, rows }, { limit: 1 }).split("\n")).toHaveLength(4);
  });

  test("an empty table is its header", () => {
    expect(plainTable({ columns, rows: [] })).toBe("name  <n>\n----  ---");
    expect(htmlTable({ columns, rows: [] })).toContain("<tbody></tbody>");
  });
});

test("rows become a table of arquero, whose results show themselves as well", () => {
  const table = dataTable([
    { name: "a", value: 2 },
    { name: "b", value: 3, note: { deep: [1] } },
  ]);
  expect(table.columnNames()).toEqual(["name", "value", "note"]);
  const derived = table.derive({ square: (d: { value: number }) => d.value * d.value }).orderby("name");
  expect(derived.array("square")).toEqual([4, 9]);
  expect(bundleOf(derived)["text/plain"]!.split("\n")).toEqual([
    "name  value  note             square",
    "----  -----  ---------------  ------",
    "a         2                        4",
    "b         3  { deep: [ 1 ] }       9",
  ]);
  expect(bundleOf(derived.filter("d => d.value > 2"))["text/html"]).toContain('<td style="text-align: left">b</td>');
});

describe("danfo", () => {
  afterEach(() => vi.restoreAllMocks());

  test("says how to install it where it is missing", async () => {
    vi.spyOn(process, "cwd").mockReturnValue(tmpdir());
    await expect(danfoFrame([{ a: 1 }])).rejects.toThrow(
      /danfojs-node: cannot be loaded[^]*npm install danfojs-node@1.2.0/,
    );
  });

  test("is found beside the notebook, gets all columns, and shows itself", async () => {
    const folder = await mkdtemp(join(tmpdir(), "dmpo-danfo-"));
    const place = join(folder, "node_modules/danfojs-node");
    await mkdir(place, { recursive: true });
    const stand =
      "exports.DataFrame = class { constructor(values, { columns }) { Object.assign(this, { values, columns }); } };";
    await writeFile(join(place, "index.js"), stand);
    vi.spyOn(process, "cwd").mockReturnValue(folder);
    const frame = await danfoFrame([{ a: 1 }, { a: 2, b: "x" }]);
    expect(frame.columns).toEqual(["a", "b"]);
    expect(frame.values).toEqual([
      [1, null],
      [2, "x"],
    ]);
    expect(bundleOf(frame)["text/plain"]).toBe("a  b\n-  -\n1\n2  x");
    await rm(folder, { recursive: true });
  });
});
