"""The stop button: whatever runs ends within 5 s, the kernel and its variables stay."""

import time

from case import case

LIMIT = 5.0


def sleep(d, seconds):
    return d(f"await new Promise((r) => setTimeout(r, {seconds * 1000:.0f}))", f"await asyncio.sleep({seconds})")


def stopped(k, code, after=0.7, prepare=None):
    """Runs `code`, presses stop, and returns the cell, which must end in time with an interrupt error."""
    if prepare:
        k.run(prepare).ok()
    msg_id = k.submit(code)
    pressed = k.interrupt(after)
    cell = k.collect(msg_id, timeout=LIMIT + 3)
    took = time.monotonic() - pressed
    assert cell.idle and cell.reply, f"still runs {took:.1f} s after the stop: {cell.describe()}"
    assert took < LIMIT, f"took {took:.1f} s"
    assert cell.reply["status"] in ("error", "aborted"), cell.describe()
    assert cell.error["ename"] in ("KeyboardInterrupt", "CancelledError"), cell.describe()
    return cell


def keeps(k, d, name="kept", value="41"):
    assert k.run(name, timeout=15).ok().shown == value


def prepare(d):
    return d("let kept = 41", "import asyncio, time\nkept = 41")


@case("an endless loop")
def endless(k, d):
    stopped(k, d("while (true) {}", "while True: pass"), prepare=prepare(d))
    keeps(k, d)


@case("an endless loop after an await")
def endless_after_await(k, d):
    stopped(k, d(f"{sleep(d, 0.05)}\nwhile (true) {{}}", f"{sleep(d, 0.05)}\nwhile True: pass"), prepare=prepare(d))
    keeps(k, d)


@case("an endless loop in a function of an earlier cell")
def endless_function(k, d):
    define = d("function spin() { for (;;); }", "def spin():\n  while True: pass")
    stopped(k, "spin()", prepare=f"{prepare(d)}\n{define}")
    keeps(k, d)


@case("an endless loop in a timer callback")
def endless_timer(k, d):
    stopped(k, d("await new Promise(() => setTimeout(() => { while (true) {} }, 20))"), prepare=prepare(d))
    keeps(k, d)


@case("an endless loop in a microtask")
def endless_microtask(k, d):
    stopped(k, d("await Promise.resolve().then(() => { while (true) {} })"), prepare=prepare(d))
    keeps(k, d)


@case("endless microtasks")
def endless_promises(k, d):
    stopped(k, d("while (true) await null"), prepare=prepare(d))
    keeps(k, d)


@case("an endless loop inside try/catch")
def endless_catch(k, d):
    stopped(k, d("while (true) { try { while (true) {} } catch {} }"), prepare=prepare(d))
    keeps(k, d)


@case("an awaiting loop, which prints nothing afterwards")
def awaiting_loop(k, d):
    loop = d(f"for (let i = 0; ; i++) {{ {sleep(d, 0.1)}; console.log(i) }}", f"i = 0\nwhile True:\n  {sleep(d, 0.1)}; print(i); i += 1")
    cell = stopped(k, loop, prepare=prepare(d))
    assert cell.stream(), "nothing was printed before the stop"
    late = [m for m in k.drain(1.0) if m["msg_type"] == "stream"]
    assert not late, f"printed after the stop: {[m['content']['text'] for m in late]}"
    next_cell = k.run(sleep(d, 0.5)).ok()
    assert not next_cell.stream(), f"printed into the next cell: {next_cell.stream()!r}"
    keeps(k, d)


@case("a promise that never settles")
def never(k, d):
    stopped(k, d("await new Promise(() => {})", "await asyncio.Event().wait()"), prepare=prepare(d))
    keeps(k, d)


@case("timers of a stopped cell never fire")
def timers(k, d):
    code = d("setInterval(() => console.log('tick'), 200); setTimeout(() => console.log('once'), 1200); await new Promise(() => {})")
    stopped(k, code, prepare=prepare(d))
    late = [m for m in k.drain(1.5) if m["msg_type"] == "stream"]
    assert not late, f"printed after the stop: {[m['content']['text'] for m in late]}"


@case("queued cells are dropped")
def queue_dropped(k, d):
    k.run(prepare(d)).ok()
    first = k.submit(d("while (true) {}", "while True: pass"))
    later = [k.submit(d("console.log('ran'); kept = 0", "print('ran'); kept = 0")) for _ in range(3)]
    k.interrupt(0.7)
    k.collect(first, timeout=LIMIT + 3).failed()
    for msg_id in later:
        cell = k.collect(msg_id, timeout=5)
        assert cell.reply and cell.reply["status"] == "aborted" and not cell.stream(), cell.describe()
    keeps(k, d)


@case("a cell sent right after the stopped one has ended runs")
def next_runs(k, d):
    stopped(k, d("while (true) {}", "while True: pass"), prepare=prepare(d))
    assert k.run("40+2").ok().shown == "42"


@case("stopping works again and again")
def again(k, d):
    for _ in range(3):
        stopped(k, d("while (true) {}", "while True: pass"), after=0.4, prepare=prepare(d))
        stopped(k, d("await new Promise(() => {})", "await asyncio.Event().wait()"), after=0.4)
    keeps(k, d)


@case("stop while nothing runs does nothing")
def idle_stop(k, d):
    k.run(prepare(d)).ok()
    k.interrupt(0.1)
    time.sleep(0.3)
    keeps(k, d)


@case("output printed before the stop is kept")
def output_before(k, d):
    cell = stopped(k, d("for (let i = 0; i < 300; i++) console.log(i); while (true) {}", "for i in range(300): print(i)\nwhile True: pass"))
    assert cell.stream().split() == [str(i) for i in range(300)], f"{len(cell.stream().split())} lines"


@case("a cell that follows the signal ends by itself and keeps its values")
def cooperative(k, d):
    code = d(
        None,
        dmpo="""const { signal } = (globalThis as any)[Symbol.for("dmpo.notebook")];
let rounds = 0;
while (!signal.aborted) { rounds++; await new Promise((r) => setTimeout(r, 20)); }
const partial = { rounds, finished: true };""",
    )
    stopped(k, code)
    assert "finished: true" in k.run("partial").ok().shown


@case("a training run stops, has saved a checkpoint and returns the partial run")
def training(k, d):
    k.run(d(None, dmpo='import { Dataset, MeanFlow } from "dmpo";\nconst demonstrations = await Dataset.bundled("hopper-medium-mini");'), timeout=60).ok()
    stopped(k, 'const partial = await MeanFlow.improved().pretrain(demonstrations, { epochs: 100_000, folder: "stopped-run" });', after=4)
    shown = k.run("[partial.interrupted, (await import('node:fs')).readdirSync('stopped-run', { recursive: true }).some((name) => String(name).endsWith('.safetensors'))]").ok()
    assert shown.shown.replace("\n", "").replace(" ", "") == "[true,true]", shown.text
