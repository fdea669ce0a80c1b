import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { consoleSink, type ConsoleSinkOptions } from "../../sdk/src/tracking/console-sink.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched(options: Partial<ConsoleSinkOptions>, terminal: { isTTY?: boolean; columns?: number }) {
  const clock = { time: 0 };
  const written: string[] = [];
  const stream = { ...terminal, write: (text: string) => written.push(text) };
  const sink = consoleSink({ counter: "epoch", total: 40, stream, now: () => clock.time, ...options });
  return { sink, clock, written };
}

test("without a terminal: one plain line per record", async () => {
  const { sink, clock, written } = watched({}, {});
  clock.time = 2000;
  sink.log({ epoch: 1, loss: 0.123456, rate: 1e-7, samples: 123456, note: "a\u001b[31m\nb" });
  sink.log({ message: "saved" });
  await sink.close();
  expect(written).toEqual([
    "epoch 1/40  0:02  0.5/s  1:18 left  loss 0.1235  rate 1e-7  samples 123456  note a [31m b\n",
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
    "\repoch 10/40 █████░░░░░░░░░░░░░░░ 0:10 0.5/s 1:00 left  success 0.5\u001b[K",
    "\repoch 20/40 ██████████░░░░░░░░░░ 0:20 0.75/s 0:27 left  success 0.5  loss 1.5\u001b[K",
    "\repoch 20/40 ██████████░░░░░░░░░░ 0:20 0.75/s 0:27 left  success 0.5  loss 1.5\u001b[K",
    "\n",
  ]);
});

test("the line never exceeds a narrow terminal, and hours are shown", () => {
  const { sink, clock, written } = watched({ total: 10_000 }, { isTTY: true, columns: 60 });
  clock.time = 1000;
  sink.log({ epoch: 1, loss: 1, text: "x".repeat(100) });
  expect(written[0]).toMatch(/^\repoch 1\/10000 ░{20} 0:01 1\/s 2:46:39 left {2}l[^\n]*\u001b\[K$/); // eslint-disable-line no-control-regex
  expect(written[0]!.replace("\r", "").replace("\u001b[K", "")).toHaveLength(59);
});

test("without a total there is no bar", () => {
  const { sink, clock, written } = watched({ total: undefined }, { isTTY: true });
  clock.time = 2000;
  sink.log({ epoch: 1 });
  expect(written).toEqual(["\repoch 1 0:02 0.5/s\u001b[K"]);
});

test.each([{ isTTY: true, columns: 100 }, {}])(
  "it is never silent for 5 seconds, and not heard of after its end (%o)",
  async (terminal) => {
    const { sink, clock, written } = watched({}, terminal);
    sink.log({ epoch: 10 });
    for (let second = 1; second <= 60; second++) {
      const { length } = written;
      for (let tenth = 0; tenth < 50; tenth++) {
        clock.time += 100;
        vi.advanceTimersByTime(100);
      }
      expect(written.length).toBeGreaterThan(length);
    }
    expect(written.at(-1)).toMatch(/^\r?epoch 10\/40 .*\b(4:5\d|5:00) .*left/);
    await sink.close();
    const { length } = written;
    vi.advanceTimersByTime(60_000);
    expect(written).toHaveLength(length);
  },
);

test.each([{ isTTY: true, columns: 100 }, {}])(
  "steps that are numbered from 0 end at the total (%o)",
  async (terminal) => {
    const { sink, clock, written } = watched({ offset: 1, total: 60 }, terminal);
    for (let epoch = 0; epoch < 60; epoch++) {
      clock.time += 1000;
      sink.log({ epoch, loss: 1 });
    }
    await sink.close();
    expect(written[0]).toContain("epoch 1/60");
    expect(written.filter((text) => text.includes("epoch")).at(-1)).toMatch(/epoch 60\/60 .*1:00 .*0:00 left/);
  },
);
