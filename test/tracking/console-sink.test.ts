import { expect, test } from "vitest";
import { consoleSink, type ConsoleSinkOptions } from "../../sdk/src/tracking/console-sink.js";

function watched(options: Partial<ConsoleSinkOptions>, terminal: { isTTY?: boolean; columns?: number }) {
  const clock = { time: 0 };
  const written: string[] = [];
  const stream = { ...terminal, write: (text: string) => written.push(text) };
  const sink = consoleSink({ counter: "epoch", total: 40, stream, now: () => clock.time, ...options });
  return { sink, clock, written };
}

test("without a terminal: one plain line per record", async () => {
  const { sink, written } = watched({}, {});
  sink.log({ epoch: 1, loss: 0.123456, rate: 1e-7, samples: 123456, note: "a\u001b[31m\nb" });
  sink.log({ message: "saved" });
  await sink.close();
  expect(written).toEqual([
    "epoch 1/40  loss 0.1235  rate 1e-7  samples 123456  note a [31m b\n",
    "epoch  message saved\n",
  ]);
});

test("on a terminal: bar, rate, remaining time and the latest metrics in one line", async () => {
  const { sink, clock, written } = watched({ start: 5 }, { isTTY: true, columns: 100 });
  clock.time = 10_000;
  sink.log({ epoch: 10, success: 0.5 });
  clock.time = 10_001;
  sink.log({ epoch: 11, loss: 2 }); // too soon to draw
  clock.time = 10_000 * 2;
  sink.log({ epoch: 20, loss: 1.5 });
  await sink.close();
  expect(written).toEqual([
    "\repoch 10/40 █████░░░░░░░░░░░░░░░ 0.5/s 1:00 left  success 0.5\u001b[K",
    "\repoch 20/40 ██████████░░░░░░░░░░ 0.75/s 0:27 left  success 0.5  loss 1.5\u001b[K",
    "\repoch 20/40 ██████████░░░░░░░░░░ 0.75/s 0:27 left  success 0.5  loss 1.5\u001b[K",
    "\n",
  ]);
});

test("the line never exceeds a narrow terminal, and hours are shown", () => {
  const { sink, clock, written } = watched({ total: 10_000 }, { isTTY: true, columns: 60 });
  clock.time = 1000;
  sink.log({ epoch: 1, loss: 1, text: "x".repeat(100) });
  expect(written[0]).toMatch(/^\repoch 1\/10000 ░{20} 1\/s 2:46:39 left {2}lo[^\n]*\u001b\[K$/); // eslint-disable-line no-control-regex
  expect(written[0]!.replace("\r", "").replace("\u001b[K", "")).toHaveLength(59);
});

test("without a total there is no bar", () => {
  const { sink, clock, written } = watched({ total: undefined }, { isTTY: true });
  clock.time = 2000;
  sink.log({ epoch: 1 });
  expect(written).toEqual(["\repoch 1 0.5/s\u001b[K"]);
});
