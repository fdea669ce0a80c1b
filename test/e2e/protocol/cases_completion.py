"""Completion and inspection: types, doc comments, positions."""

from case import case


def offered(k, code, position=None):
    return k.complete(code, position)["matches"]


@case("members of a value of an earlier cell")
def members(k, d):
    k.run(d("const machine = { startEngine() { return 1 }, stopEngine: 2 };", "class M:\n  startEngine = 1\n  stopEngine = 2\nmachine = M()")).ok()
    got = offered(k, "machine.st")
    assert {name.split(".")[-1] for name in got} == {"startEngine", "stopEngine"}, got


@case("names of the cell itself")
def locals_(k, d):
    got = offered(k, d("const remarkable = 1;\nremark", "remarkable = 1\nremark"))
    assert "remarkable" in got, got[:10]


@case("the replaced text is the word before the cursor")
def cursor(k, d):
    k.run(d("const machine2 = { startEngine: 1 };", "class M2: startEngine = 1\nmachine2 = M2()")).ok()
    reply = k.complete("machine2.sta")
    text = "machine2.sta"[reply["cursor_start"] : reply["cursor_end"]]
    assert text in ("sta", "machine2.sta") and reply["cursor_end"] == 12, reply


@case("positions count code points, also after emoji")
def emoji(k, d):
    k.run(d("const machine3 = { startEngine: 1 };", "class M3: startEngine = 1\nmachine3 = M3()")).ok()
    code = d("const s = '🎉🎉🎉'; machine3.sta", "s = '🎉🎉🎉'; machine3.sta")
    reply = k.complete(code)
    assert any("startEngine" in m for m in reply["matches"]), reply["matches"][:5]
    assert reply["cursor_end"] == len(code) and code[reply["cursor_start"] :].endswith("sta"), reply


@case("a cursor in the middle of the cell")
def middle(k, d):
    k.run(d("const machine4 = { startEngine: 1 };", "class M4: startEngine = 1\nmachine4 = M4()")).ok()
    code = d("const a = machine4.sta\nconst b = 2", "a = machine4.sta\nb = 2")
    assert any("startEngine" in m for m in offered(k, code, code.index("sta") + 3))


@case("a fluent chain with the dot on a new line")
def chain(k, d):
    code = d("[3, 1]\n  .map((n) => String(n))\n  .", "(\n'a'\n  .upper()\n  .")
    got = offered(k, code)
    assert any(d("filter", "lower") in m for m in got), got[:5]


@case("exports of a module, and module names of the SDK")
def module_members(k, d):
    got = offered(k, d('import { Dat } from "dmpo";', None), 12)
    assert "Dataset" in got, got[:10]


@case("the SDK's fluent chain on new lines")
def sdk_chain(k, d):
    code = d('import { MeanFlow } from "dmpo";\nconst policy = MeanFlow.improved()\n  .withDispersive({})\n  .', None)
    got = offered(k, code)
    assert "withNetwork" in got and "pretrain" in got, got[:10]


@case("keys of the SDK's options")
def sdk_options(k, d):
    code = d('import { MeanFlow } from "dmpo";\nMeanFlow.improved().withNetwork({ ', None)
    got = offered(k, code)
    assert "mlpDims" in got, got[:10]


@case("completion while an awaiting cell runs")
def while_running(k, d):
    k.run(d("const machine5 = { startEngine: 1 };", None)).ok()
    msg_id = k.submit("await new Promise((r) => setTimeout(r, 2000))")
    # A shell request may wait for the cell, but not for ever; a front end asks on.
    assert any("startEngine" in m for m in offered(k, "machine5.sta"))
    k.collect(msg_id).ok()


@case("nonsense is answered with nothing")
def nonsense(k, d):
    reply = k.complete("@@@ ((( .")
    assert reply["status"] in ("ok", "error") and isinstance(reply.get("matches", []), list), reply


@case("inspection shows signature and documentation")
def inspect(k, d):
    define = d(
        "/** Doubles a number with care. */\nfunction double(value: number): number { return 2 * value; }",
        "def double(value):\n  '''Doubles a number with care.'''\n  return 2 * value",
    )
    k.run(define).ok()
    reply = k.inspect("double(4)", 3)
    text = reply["data"].get("text/plain", "")
    assert reply["found"] and "Doubles a number with care." in text and "value" in text, reply


@case("inspection after emoji")
def inspect_emoji(k, d):
    k.run(d("/** Found it. */\nconst treasure = 1;\nfunction find() { return treasure }", "def find():\n  'Found it.'\n")).ok()
    code = d("'🎉🎉🎉'; treasure", "'🎉🎉🎉'; find")
    reply = k.inspect(code, len(code) - 1)
    assert reply["found"] and "Found it." in str(reply["data"]), reply


@case("inspection inside a call asks for the function")
def inspect_call(k, d):
    k.run(d("/** Adds. */\nfunction add(first: number, second: number) { return first + second }", "def add(first, second):\n  'Adds.'\n")).ok()
    reply = k.inspect("add(1, ")
    assert reply["found"] and "first" in str(reply["data"]), reply


@case("inspection of the SDK shows types and doc comments")
def inspect_sdk(k, d):
    code = d('import { MeanFlow } from "dmpo";\nMeanFlow.improved().withDispersive({})', None)
    reply = k.inspect(code, code.index("withDispersive") + 4)
    text = str(reply["data"])
    assert reply["found"] and "PolicyDescription" in text and "dispersive regularisation" in text, text


@case("inspection of nothing finds nothing")
def inspect_nothing(k, d):
    assert k.inspect("   ", 1)["found"] is False
