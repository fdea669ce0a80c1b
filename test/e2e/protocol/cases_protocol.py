"""The messaging protocol 5.3: order, flags, counters, requests besides cells."""

from case import case


@case("busy, execute_input, outputs, execute_result, idle")
def message_order(k, d):
    cell = k.run(d("console.log('a'); 7", "print('a'); 7")).ok()
    assert cell.kinds == ["status", "execute_input", "stream", "execute_result", "status"], cell.kinds
    states = [c["execution_state"] for c in cell.contents("status")]
    assert states == ["busy", "idle"], states


@case("execute_input repeats the code and the count")
def execute_input(k, d):
    cell = k.run("3+4").ok()
    [echo] = cell.contents("execute_input")
    assert echo["code"] == "3+4" and echo["execution_count"] == cell.reply["execution_count"], echo


@case("the count grows by one with each cell")
def counts(k, d):
    counts = [k.run("1").ok().reply["execution_count"] for _ in range(3)]
    assert counts == [counts[0], counts[0] + 1, counts[0] + 2], counts


@case("a silent cell sends nothing and does not count")
def silent(k, d):
    before = k.run("1").ok().reply["execution_count"]
    cell = k.run(d("console.log('x'); (globalThis as any).quiet = 5; 5", "print('x'); quiet = 5; 5"), silent=True, store_history=False)
    assert cell.reply["status"] == "ok" and set(cell.kinds) <= {"status", "stream"}, cell.describe()
    assert "execute_result" not in cell.kinds and "execute_input" not in cell.kinds, cell.kinds
    assert k.run("1").ok().reply["execution_count"] == before + 1


@case("store_history: false does not count")
def store_history(k, d):
    before = k.run("1").ok().reply["execution_count"]
    k.run("2", store_history=False).ok()
    assert k.run("1").ok().reply["execution_count"] == before + 1


@case("user_expressions are evaluated; a failing one does not fail the cell")
def user_expressions(k, d):
    cell = k.run(d("const base = 20;", "base = 20"), user_expressions={"good": "base + 1", "bad": "nowhere.to.be.found"}).ok()
    answers = cell.reply["user_expressions"]
    assert answers["good"]["status"] == "ok" and answers["good"]["data"]["text/plain"] == "21", answers
    assert answers["bad"]["status"] == "error" and answers["bad"]["ename"], answers


@case("an empty cell succeeds")
def empty(k, d):
    for code in ("", "\n", d("// only a comment", "# only a comment")):
        assert k.run(code).reply["status"] == "ok"


@case("kernel_info_reply is complete")
def kernel_info(k, d):
    info = k.ask(lambda client: client.kernel_info())
    assert info["status"] == "ok" and info["protocol_version"].startswith("5."), info
    assert info["implementation"] and "implementation_version" in info and "banner" in info, info
    language = info["language_info"]
    assert language["name"] in ("typescript", "python") and language["mimetype"] and language["file_extension"], language
    assert language["version"], language


@case("the control channel answers")
def control(k, d):
    msg_id = k.request("kernel_info_request", {}, "control")
    reply = k.client.get_control_msg(timeout=10)
    assert reply["parent_header"]["msg_id"] == msg_id and reply["msg_type"] == "kernel_info_reply"


@case("the control channel answers while a cell is busy")
def control_while_busy(k, d):
    busy = k.submit(d("const until = Date.now() + 2500; while (Date.now() < until) {}", "import time; time.sleep(2.5)"))
    msg_id = k.request("kernel_info_request", {}, "control")
    reply = k.client.get_control_msg(timeout=2)
    assert reply["parent_header"]["msg_id"] == msg_id
    k.collect(busy).ok()


@case("each request is framed by busy and idle")
def framing(k, d):
    msg_id = k.request("kernel_info_request", {})
    k.reply_to(msg_id)
    states = [m["content"]["execution_state"] for m in k.drain(0.7) if m["parent_header"].get("msg_id") == msg_id and m["msg_type"] == "status"]
    assert states == ["busy", "idle"], states


@case("comm_info_request")
def comm_info(k, d):
    msg_id = k.request("comm_info_request", {})
    reply = k.reply_to(msg_id)
    assert reply["msg_type"] == "comm_info_reply" and reply["content"]["comms"] == {}, reply["content"]


@case("a comm for an unknown target is closed")
def comm_open(k, d):
    k.request("comm_open", {"comm_id": "c-1", "target_name": "nobody", "data": {}})
    closed = [m for m in k.drain(1.0) if m["msg_type"] == "comm_close"]
    assert [m["content"]["comm_id"] for m in closed] == ["c-1"], closed
    k.alive()


@case("history_request")
def history(k, d):
    k.run("111+1").ok()
    msg_id = k.request("history_request", {"hist_access_type": "tail", "n": 5, "raw": True, "output": False, "session": 0})
    reply = k.reply_to(msg_id)
    assert reply["msg_type"] == "history_reply" and isinstance(reply["content"]["history"], list), reply


@case("is_complete: complete, incomplete, invalid")
def is_complete(k, d):
    ask = lambda code: k.ask(lambda client: client.is_complete(code))["status"]
    assert ask(d("const a = 1;", "a = 1")) == "complete"
    assert ask(d("function f() {", "def f():")) == "incomplete"
    assert ask(d("const = = 2;", "a = = 2")) == "invalid"


@case("is_complete: an open template literal, comment or bracket")
def is_complete_open(k, d):
    ask = lambda code: k.ask(lambda client: client.is_complete(code))["status"]
    assert [ask(code) for code in d(("`open ${1}", "[1,", "f(", "/* open"), ("'''open", "[1,", "f("))] == ["incomplete"] * d(4, 3)


@case("is_complete: awaits and types are complete")
def is_complete_await(k, d):
    ask = lambda code: k.ask(lambda client: client.is_complete(code))["status"]
    assert ask(d("for await (const x of []) {}", "import asyncio")) == "complete"
    assert ask(d("const x = await import('node:fs');", "await asyncio.sleep(0)")) == "complete"


@case("an unknown request does no harm")
def unknown(k, d):
    k.request("surprise_request", {"a": 1})
    k.request("surprise_request", {}, "control")
    k.alive()


@case("a malformed request does no harm")
def malformed(k, d):
    k.request("complete_request", {})
    k.request("execute_request", {"code": None})
    k.drain(0.5)
    k.alive()


@case("a message with a wrong signature is ignored")
def signature(k, d):
    session = k.client.session
    message = session.msg("execute_request", {"code": d("console.log('forged')", "print('forged')"), "silent": False})
    frames = session.serialize(message)
    frames[1] = b"0" * 64
    k.client.shell_channel.socket.send_multipart(frames)
    late = k.drain(0.8)
    assert not any(m["msg_type"] == "stream" for m in late), "a forged cell ran"
    k.alive()


@case("100 cells sent at once run in order")
def burst(k, d):
    k.run(d("const seen: number[] = [];", "seen = []")).ok()
    ids = [k.submit(d(f"seen.push({i});", f"seen.append({i})")) for i in range(100)]
    for msg_id in ids:
        k.collect(msg_id, timeout=30).ok()
    code = d("seen.length + ':' + seen.every((n, i) => n === i)", "f'{len(seen)}:{str(seen == list(range(100))).lower()}'")
    assert k.run(code).ok().shown == "100:true"


@case("code with emoji, tabs and CRLF is taken as it is")
def unicode_code(k, d):
    cell = k.run(d("const 名前 = '🎉é';\r\n\tconsole.log(名前)", "名前 = '🎉é'\r\nprint(名前)")).ok()
    assert cell.stream() == "🎉é\n", cell.describe()
