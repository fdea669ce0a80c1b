// Progress in a notebook: what is shown, how often, and how large it gets.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { MimeBundle } from "../../sdk/src/tracking/notebook.js";
import { notebookSink, type NotebookSinkOptions } from "../../sdk/src/tracking/notebook-sink.js";

interface Shown {
  readonly bundle: MimeBundle;
  readonly id: string | undefined;
  readonly update: boolean | undefined;
}

function watched(options: Partial<NotebookSinkOptions> = {}) {
  const shown: Shown[] = [];
  const display: NotebookSinkOptions["notebook"]["display"] = (bundle, { id, update } = {}) =>
    void shown.push({ bundle, id, update });
  const sink = notebookSink({ counter: "epoch", total: 40, notebook: { display }, now: () => Date.now(), ...options });
  return { sink, shown, html: () => String(shown.at(-1)!.bundle["text/html"]) };
}

const pictures = (html: string) =>
  [...html.matchAll(/src="data:image\/svg\+xml;base64,([^"]*)"/g)].map(([, code]) =>
    Buffer.from(code!, "base64").toString(),
  );

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("one output is updated in place, from an empty bar to the final state", async () => {
  const { sink, shown, html } = watched({ shown: { loss: "loss" }, curves: { loss: "training loss" } });
  expect(shown).toHaveLength(1);
  expect(shown[0]!.bundle["text/plain"]).toBe(`epoch 0/40  ${"░".repeat(20)}`);
  vi.advanceTimersByTime(10_000);
  sink.log({ epoch: 10, loss: 0.5, other: 3 });
  expect(shown[1]!.bundle["text/plain"]).toBe(`epoch 10/40 1/s 0:30 left  █████${"░".repeat(15)}  loss 0.5`);
  vi.advanceTimersByTime(30_000);
  sink.log({ epoch: 40, loss: 0.25 });
  await sink.close();
  expect(shown.map(({ update }) => update)).toEqual([false, true, true, true]);
  expect(new Set(shown.map(({ id }) => id)).size).toBe(1);
  expect(shown.at(-1)!.bundle["text/plain"]).toBe(`epoch 40/40 0:40  ${"█".repeat(20)}  loss 0.25`);
  expect(html()).toContain("epoch 40/40 · 0:40");
  const [progress, curve] = pictures(html());
  expect(progress).toContain('<rect width="640" height="6" rx="3" fill="#2F86C8"/>');
  expect(curve).toContain("training loss 0.25");
});

test("two outputs have two names", () => {
  expect(watched().shown[0]!.id).not.toBe(watched().shown[0]!.id);
});

test("it is redrawn at most twice a second, and what came in between is not lost", () => {
  const { sink, shown } = watched({ total: undefined });
  for (let epoch = 1; epoch <= 1000; epoch++) {
    sink.log({ epoch });
    vi.advanceTimersByTime(10);
  }
  expect(shown.length).toBeGreaterThan(15);
  expect(shown.length).toBeLessThanOrEqual(21);
  vi.advanceTimersByTime(1000);
  expect(shown.at(-1)!.bundle["text/plain"]).toMatch(/^epoch 1000 /);
  const { length } = shown;
  vi.advanceTimersByTime(60_000);
  expect(shown).toHaveLength(length);
});

test("the bar moves between records", () => {
  const { sink, html } = watched();
  vi.advanceTimersByTime(1000);
  sink.advance!(0.5);
  expect(html()).toContain("epoch 0/40 · 0.5/s · 1:19 left");
  expect(pictures(html())[0]).toContain('width="8"');
});

test("an output stays small however long the run, and its curve keeps both ends", async () => {
  const { sink, shown, html } = watched({ total: 1e6, curves: { loss: "loss" }, logarithmic: true });
  for (let epoch = 1; epoch <= 100_000; epoch++) sink.log({ epoch, loss: 1 / epoch });
  vi.advanceTimersByTime(1000);
  await sink.close();
  expect(Math.max(...shown.map(({ bundle }) => JSON.stringify(bundle).length))).toBeLessThan(30_000);
  const points = /points="([^"]*)"/
    .exec(pictures(html())[1]!)![1]!
    .split(" ")
    .map((pair) => pair.split(",").map(Number));
  expect(points.length).toBeGreaterThanOrEqual(200);
  expect(points.length).toBeLessThan(400);
  expect(points[0]).toEqual([64, 26]);
  expect(points.at(-1)).toEqual([630, 160]);
});

test.each([
  { values: [0.312, 0.787], logarithmic: true, labels: ["0.4", "0.5", "0.6", "0.7"] },
  { values: [0.03, 4], logarithmic: true, labels: ["0.1", "1"] },
  { values: [0.3, 4], logarithmic: true, labels: ["0.5", "1", "2"] },
  { values: [-130, 1890], logarithmic: false, labels: ["0", "500", "1000", "1500"] },
])("ticks of $values are round", async ({ values, logarithmic, labels }) => {
  const { sink, html } = watched({ curves: { loss: "loss" }, logarithmic });
  values.forEach((loss, at) => sink.log({ epoch: 1 + 39 * at, loss }));
  await sink.close();
  const label = (anchor: string) =>
    [...pictures(html())[1]!.matchAll(new RegExp(`text-anchor="${anchor}"[^>]*>([^<]*)<`, "g"))].map(
      ([, text]) => text,
    );
  expect(label("end")).toEqual(labels);
  expect(label("middle")).toEqual(["10", "20", "30", "40", "epoch"]);
});

test("names from outside cannot become markup, and values that are not finite leave no points", () => {
  const { sink, html } = watched({ shown: { a: "<b>&" }, curves: { a: "<i>" } });
  vi.advanceTimersByTime(1000);
  for (const a of [1, NaN, Infinity, 2]) sink.log({ epoch: 1, a, text: "<script>" });
  vi.advanceTimersByTime(1000);
  expect(html()).toContain("&lt;b&gt;&amp; 2");
  expect(html()).not.toMatch(/<b>|<script>/);
  const curve = pictures(html())[1]!;
  expect(curve).toContain("&lt;i&gt; 2");
  expect(curve).not.toMatch(/NaN|Infinity|<i>/);
});

test("a page that cannot be drawn on later is not an uncaught error", () => {
  let broken = false;
  const { sink } = watched({
    notebook: {
      display() {
        if (broken) throw new Error("gone");
      },
    },
  });
  broken = true;
  sink.log({ epoch: 1 });
  expect(() => vi.advanceTimersByTime(1000)).not.toThrow();
  vi.advanceTimersByTime(1000);
  expect(() => sink.log({ epoch: 2 })).toThrow("gone");
});
