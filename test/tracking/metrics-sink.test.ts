import { expect, test, vi } from "vitest";
import { combine, type MetricsSink } from "../../sdk/src/tracking/metrics-sink.js";

const recording = (): MetricsSink & { records: unknown[]; closed: boolean } => ({
  records: [],
  closed: false,
  log(record) {
    this.records.push(record);
  },
  async close() {
    this.closed = true;
  },
});

test("every sink gets every record, in order", async () => {
  const [a, b] = [recording(), recording()];
  const all = combine(a, b);
  all.log({ epoch: 1 });
  all.log({ epoch: 2 });
  await all.close();
  for (const sink of [a, b]) expect(sink).toMatchObject({ records: [{ epoch: 1 }, { epoch: 2 }], closed: true });
});

test.each<[string, MetricsSink]>([
  [
    "throws",
    {
      log: () => {
        throw new Error("disk full");
      },
      close: async () => {},
    },
  ],
  ["rejects later", { log: () => Promise.reject(new Error("disk full")) as unknown as void, close: async () => {} }],
  ["fails to close", { log: () => {}, close: () => Promise.reject(new Error("disk full")) }],
])("a sink that %s warns once and disturbs nobody", async (_, failing) => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const healthy = recording();
  const all = combine(failing, healthy);
  all.log({ epoch: 1 });
  all.log({ epoch: 2 });
  await all.close();
  expect(healthy).toMatchObject({ records: [{ epoch: 1 }, { epoch: 2 }], closed: true });
  expect(warn.mock.calls).toEqual([["metrics are incomplete, a sink failed: Error: disk full"]]);
  warn.mockRestore();
});
