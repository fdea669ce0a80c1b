"""Errors: as protocol messages, with the cell's own lines, and without harm to the kernel."""

import re
import time

from case import case


def located(cell, line, column=None):
    """The error names this line of the cell: `2:9`, `cell 3:2:9`, `line 2` or the like."""
    shown = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join([cell.error["evalue"], *cell.error["traceback"]]))
    place = rf"\b{line}:{column}\b" if column else rf"(:{line}(:\d+)?\b|\b{line}:\d+\b|line {line}\b|^-+> {line} )"
    assert re.search(place, shown, re.M), f"expected line {line}{f' column {column}' if column else ''} in {shown[:500]!r}"
    return shown


@case("a type error names line and column")
def type_error(k, d):
    cell = k.run(d("const fine = 1;\nconst wrong: number = 'text';")).failed()
    assert "not assignable" in located(cell, 2, 7)


@case("every type error of a cell is listed")
def all_type_errors(k, d):
    cell = k.run(d("const a1: number = 'x';\nconst b1: string = 1;\nundeclared;")).failed()
    for line in (1, 2, 3):
        located(cell, line)


@case("types are strict: null is not a string")
def strict(k, d):
    k.run(d("const text: string = null;")).failed()


@case("types of earlier cells are known")
def types_across_cells(k, d):
    k.run(d("const settings = { rate: 1 };")).ok()
    assert "raet" in located(k.run("settings.raet").failed(), 1)


@case("a syntax error names the line")
def syntax_error(k, d):
    cell = k.run(d("const ok = 1;\nconst = 2;", "ok = 1\nbad = = 2")).failed()
    located(cell, 2)


@case("a runtime error has name, message and line")
def runtime_error(k, d):
    cell = k.run(d("const a = 1;\n\nthrow new RangeError('too far');", "a = 1\n\nraise ValueError('too far')")).failed()
    assert cell.error["ename"] == d("RangeError", "ValueError") and cell.error["evalue"] == "too far", cell.error
    located(cell, 3)


@case("the reply repeats name and message")
def reply_content(k, d):
    cell = k.run(d("throw new TypeError('again')", "raise TypeError('again')")).failed()
    assert (cell.reply["ename"], cell.reply["evalue"]) == ("TypeError", "again"), cell.reply
    assert isinstance(cell.reply["traceback"], list)


@case("the line is right after imports")
def after_imports(k, d):
    code = d(
        'import { readFileSync } from "node:fs";\nimport * as path from "node:path";\npath.sep;\nreadFileSync("/no/such/file");',
        "import os\nimport sys\nos.sep\nopen('/no/such/file')",
    )
    located(k.run(code).failed(), 4)


@case("the line is right after an await")
def after_await(k, d):
    code = d(
        "await new Promise((r) => setTimeout(r, 5));\nconst n = 1;\nfor (const x of [n]) {\n  await null;\n  throw new Error('five');\n}",
        "import asyncio\nawait asyncio.sleep(0.005)\nfor x in [1]:\n  await asyncio.sleep(0)\n  raise ValueError('five')",
    )
    located(k.run(code).failed(), 5)


@case("the line is right after types that vanish")
def after_types(k, d):
    located(k.run(d("interface Shape {\n  side: number;\n}\ntype Pair = [Shape, Shape];\nconst f = (s: Shape) => {\n  throw new Error('six');\n};\nf({ side: 1 });")).failed(), 6)


@case("a function of an earlier cell is shown with its own line")
def earlier_cell(k, d):
    k.run(d("// one\n// two\nfunction fails() {\n  throw new Error('inner');\n}", "# one\n# two\ndef fails():\n  raise ValueError('inner')")).ok()
    cell = k.run(d("1;\nfails()", "1\nfails()")).failed()
    located(cell, 4)
    located(cell, 2)


@case("the trace holds no lines of the kernel itself")
def own_frames(k, d):
    shown = "\n".join(k.run(d("throw new Error('mine')")).failed().error["traceback"])
    assert not re.search(r"tslab|node:vm|kernel-ext|internal/|evalmachine", shown), shown


@case("the cause of an error is shown")
def cause(k, d):
    code = d("throw new Error('outer', { cause: new Error('the root of it') })", "raise ValueError('outer') from OSError('the root of it')")
    assert "the root of it" in k.run(code).failed().text


@case("an own error class keeps its name")
def own_class(k, d):
    code = d("class OddError extends Error { name = 'OddError' }\nthrow new OddError('odd')", "class OddError(Exception): pass\nraise OddError('odd')")
    cell = k.run(code).failed()
    assert (cell.error["ename"], cell.error["evalue"]) == ("OddError", "odd"), cell.error


@case("thrown strings, objects and undefined")
def thrown_values(k, d):
    for thrown, shown in [("'just text'", "just text"), ("{ code: 7 }", "code: 7"), ("undefined", "undefined"), ("null", "null")]:
        cell = k.run(d(f"throw {thrown}")).failed()
        assert shown in cell.error["evalue"], cell.error


@case("an unhandled rejection is reported, the kernel lives")
def rejection(k, d):
    reported(k, d("Promise.reject(new Error('nobody listens')); undefined"), "nobody listens")


@case("an exception in a timer is reported, the kernel lives")
def timer(k, d):
    code = d(
        "setTimeout(() => { throw new Error('from a timer') }, 50); undefined",
        "import threading\ndef boom(): raise ValueError('from a timer')\nthreading.Timer(0.05, boom).start()",
    )
    reported(k, code, "from a timer")


def reported(k, code, text):
    cell = k.run(code)
    assert cell.idle, cell.describe()
    later = [m["content"] for m in k.drain(1.0)]
    shown = cell.text + "".join(str(c.get("text", "")) + str(c.get("evalue", "")) for c in later)
    assert text in shown, shown
    k.alive()


@case("a failing cell stops the queue")
def queue_stops(k, d):
    failing = d("await new Promise((r) => setTimeout(r, 200)); throw new Error('stop here')", "import time; time.sleep(0.2); raise ValueError('stop here')")
    first = k.submit(failing)
    later = [k.submit(d("console.log('ran')", "print('ran')")) for _ in range(3)]
    k.collect(first).failed()
    for msg_id in later:
        cell = k.collect(msg_id, timeout=5)
        assert cell.reply and cell.reply["status"] == "aborted" and not cell.stream(), cell.describe()


@case("stop_on_error: false lets the queue run on")
def queue_continues(k, d):
    failing = d("await new Promise((r) => setTimeout(r, 200)); throw new Error('go on')", "import time; time.sleep(0.2); raise ValueError('go on')")
    first = k.submit(failing, stop_on_error=False)
    later = [k.submit(d("console.log('ran')", "print('ran')"), stop_on_error=False) for _ in range(3)]
    k.collect(first).failed()
    for msg_id in later:
        assert k.collect(msg_id, timeout=5).ok().stream() == "ran\n"


@case("a cell sent right after an error has been answered runs")
def after_error(k, d):
    for _ in range(5):
        k.run(d("throw new Error('x')", "raise ValueError('x')")).failed()
        assert k.run("20+3").ok().shown == "23"


@case("what a failing cell printed before is kept")
def printed_before(k, d):
    cell = k.run(d("console.log('before'); throw new Error('x')", "print('before'); raise ValueError('x')")).failed()
    assert cell.stream() == "before\n"
    assert cell.kinds.index("stream") < cell.kinds.index("error"), cell.kinds


@case("a corrected cell runs after a failing one")
def corrected(k, d):
    k.run(d("const again: number = 'no';", "again = int('no')")).failed()
    k.run(d("const again: number = 5;", "again = 5")).ok()
    assert k.run("again").ok().shown == "5"


@case("deep recursion is an error, not the end")
def recursion(k, d):
    cell = k.run(d("function deep(): number { return 1 + deep(); }\ndeep()", "def deep(): return 1 + deep()\ndeep()")).failed()
    assert cell.error["ename"] in ("RangeError", "RecursionError"), cell.error
    k.alive()


@case("many unhandled rejections do not end the kernel")
def many_rejections(k, d):
    k.run(d("for (let i = 0; i < 50; i++) Promise.reject(new Error('no ' + i)); undefined"))
    time.sleep(0.3)
    k.alive()
