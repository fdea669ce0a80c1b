"""Printing: nothing is lost, order is kept, streams stay apart."""

import time

from case import case


def printed(cell, count):
    lines = cell.stream().split()
    assert lines == [str(i) for i in range(count)], f"expected 0..{count - 1}, got {len(lines)} lines, {cell.describe()}"


def print_range(d, count):
    return d(f"for (let i = 0; i < {count}; i++) console.log(i)", f"for i in range({count}): print(i)")


@case("2,000 lines arrive in order")
def lines(k, d):
    printed(k.run(print_range(d, 2000)).ok(), 2000)


@case("5,000 lines arrive complete, then idle, and the next cell runs")
def many_lines(k, d):
    printed(k.run(print_range(d, 5000)).ok(), 5000)
    k.alive()


@case("500 lines in each of 12 cells")
def long_session(k, d):
    for _ in range(12):
        printed(k.run(print_range(d, 500)).ok(), 500)


@case("2,000 updates of one display in one cell")
def updates(k, d):
    first = d.display({"text/plain": "0"}, "many")
    bundle = d("{ 'text/plain': String(i) }", "{'text/plain': str(i)}")
    update = d.display(bundle, "many", True)
    loop = d(f"for (let i = 1; i <= 2000; i++) {{ {update} }}", f"for i in range(1, 2001): {update}")
    cell = k.run(f"{first}\n{loop}", timeout=60).ok()
    # A kernel may merge updates; the last state counts.
    states = [c["data"]["text/plain"] for c in cell.contents("update_display_data")]
    assert states and states[-1] == "2000", f"expected 2000 at last, got {states[-1:]} of {len(states)}"
    assert states == sorted(states, key=int), "updates arrived out of order"
    k.alive()


@case("10 MB of text arrive, and the next cell runs")
def megabytes(k, d):
    code = d(
        "for (let i = 0; i < 10240; i++) console.log('x'.repeat(1023))",
        "for i in range(10240): print('x' * 1023)",
    )
    cell = k.run(code, timeout=60).ok()
    assert len(cell.stream()) == 10 * 1024 * 1024, f"got {len(cell.stream())} characters"
    k.alive()


@case("one line of 1 MB stays whole")
def long_line(k, d):
    cell = k.run(d("console.log('é'.repeat(1e6))", "print('é' * 1000000)")).ok()
    assert cell.stream() == "é" * 1000000 + "\n", f"got {len(cell.stream())} characters"


@case("standard output and standard error are separate streams")
def two_streams(k, d):
    cell = k.run(d("console.log('out'); console.error('err')", "import sys; print('out'); print('err', file=sys.stderr)"))
    assert (cell.ok().stream("stdout"), cell.stream("stderr")) == ("out\n", "err\n"), cell.describe()


@case("ANSI colours are kept")
def colours(k, d):
    cell = k.run(d("console.log('\\u001b[31mred\\u001b[0m')", "print('\\u001b[31mred\\u001b[0m')")).ok()
    assert cell.stream() == "\u001b[31mred\u001b[0m\n", repr(cell.stream())


@case("carriage returns and missing line ends are kept")
def carriage_return(k, d):
    code = d(
        "process.stdout.write('10%\\r'); process.stdout.write('20%')",
        "import sys; _ = sys.stdout.write('10%\\r'); _ = sys.stdout.write('20%')",
    )
    assert k.run(f"{code};").ok().stream() == "10%\r20%"


@case("a character split over two writes")
def split_character(k, d):
    code = d("process.stdout.write(Buffer.from([0xe2, 0x82])); process.stdout.write(Buffer.from([0xac, 10])); undefined")
    assert k.run(code).ok().stream() == "€\n"


@case("write() calls its callback")
def write_callback(k, d):
    cell = k.run(d("await new Promise<void>((done) => process.stdout.write('a', () => done())); console.log('b')"), timeout=5)
    assert cell.ok().stream() == "ab\n", cell.describe()


@case("output of an awaiting cell arrives while it runs")
def live_async(k, d):
    code = d(
        "console.log('early'); await new Promise((r) => setTimeout(r, 1500)); console.log('late')",
        "import asyncio; print('early'); await asyncio.sleep(1.5); print('late')",
    )
    arrives_early(k.run(code).ok())


@case("output of a busy loop arrives while it runs")
def live_sync(k, d):
    code = d(
        "console.log('early'); const end = Date.now() + 1500; while (Date.now() < end) {} console.log('late')",
        "import time; print('early'); time.sleep(1.5); print('late')",
    )
    arrives_early(k.run(code).ok())


def arrives_early(cell):
    [first, *_] = [at for at, m in zip(cell.arrivals, cell.messages) if m["msg_type"] == "stream"]
    assert first < 1.0, f"the first line came after {first:.1f} s"
    assert cell.stream() == "early\nlate\n", cell.describe()


@case("prints and displays keep their order")
def order(k, d):
    show = d.display({"text/plain": "picture"})
    cell = k.run(f"{d('console.log(1);', 'print(1)')}\n{show}\n{d('console.log(2)', 'print(2)')}").ok()
    shown = [k for k in cell.kinds if k in ("stream", "display_data")]
    assert shown == ["stream", "display_data", "stream"], cell.describe()


@case("standard output and error keep their order")
def stream_order(k, d):
    code = d(
        "for (let i = 0; i < 20; i++) { console.log('o' + i); console.error('e' + i) }",
        "import sys\nfor i in range(20):\n  print(f'o{i}', flush=True); print(f'e{i}', file=sys.stderr, flush=True)",
    )
    joined = "".join(c["text"] for c in k.run(code).ok().contents("stream"))
    assert joined.split() == [f"{s}{i}" for i in range(20) for s in "oe"], joined


@case("what a timer prints after the cell's end is not lost")
def late_output(k, d):
    code = d(
        "setTimeout(() => console.log('later'), 300); undefined",
        "import threading; threading.Timer(0.3, lambda: print('later', flush=True)).start()",
    )
    k.run(code).ok()
    late = [m for m in k.drain(1.5) if m["msg_type"] == "stream"]
    assert "later" in "".join(m["content"]["text"] for m in late), "nothing arrived"


@case("clear_output, at once and before the next output")
def clear(k, d):
    code = d(
        '(globalThis as any)[Symbol.for("dmpo.notebook")].clear(true)',
        "from IPython.display import clear_output; clear_output(wait=True)",
        tslab="(require('tslab') as any).display.clear(true)",
        deno="await Deno.jupyter.broadcast('clear_output', { wait: true })",
    )
    cell = k.run(f"{d('console.log(1);', 'print(1)')}\n{code};").ok()
    assert [c["wait"] for c in cell.contents("clear_output")] == [True], cell.describe()


@case("console.table, dir, group and time write readable text")
def console_methods(k, d):
    cell = k.run(d("console.table([{ a: 1 }]); console.group('g'); console.log('inner'); console.groupEnd(); console.dir({ deep: 1 })")).ok()
    assert "│" in cell.stream() and "  inner" in cell.stream() and "deep: 1" in cell.stream(), cell.describe()


@case("a burst of 1,000 displays")
def displays(k, d):
    show = d.display({"text/plain": "x"})
    cell = k.run(d(f"for (let i = 0; i < 1000; i++) {{ {show} }}", f"for i in range(1000): {show}"), timeout=60).ok()
    assert len(cell.contents("display_data")) == 1000, f"got {len(cell.contents('display_data'))}"
    time.sleep(0.1)
    k.alive()
