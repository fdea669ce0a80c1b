"""Values: the last expression, rich bundles, summaries of large things."""

from case import case

PLOTLY = "application/vnd.plotly.v1+json"


@case("the last expression is an execute_result")
def last_expression(k, d):
    assert k.run("1+1").ok().result["text/plain"] == "2"


@case("the count of the result is the cell's")
def result_count(k, d):
    cell = k.run("1+2").ok()
    assert cell.contents("execute_result")[0]["execution_count"] == cell.reply["execution_count"]


@case("undefined shows nothing")
def nothing(k, d):
    cell = k.run(d("undefined", "None")).ok()
    assert set(cell.kinds) == {"status", "execute_input"}, cell.describe()


@case("a declaration shows nothing")
def declaration(k, d):
    cell = k.run(d("const shown = 5", "shown = 5")).ok()
    assert set(cell.kinds) == {"status", "execute_input"}, cell.describe()


@case("a string is shown")
def string(k, d):
    assert k.run("'hello'").ok().result["text/plain"].strip("'\"") == "hello"


@case("an awaited last expression is shown")
def awaited(k, d):
    code = d("await Promise.resolve(42)", "import asyncio\nawait asyncio.sleep(0, 42)")
    assert k.run(code).ok().result["text/plain"] == "42"


@case("a plain object is shown as text")
def plain_object(k, d):
    text = k.run(d("({ alpha: 1, nested: { beta: [1, 2] } })", "{'alpha': 1, 'nested': {'beta': [1, 2]}}")).ok().result["text/plain"]
    assert "alpha" in text and "beta" in text and "1, 2" in text, text


@case("Map, Set, class instances and cycles are shown")
def odd_objects(k, d):
    code = d("class Thing { size = 3 }; const ring: any = { m: new Map([['k', 1]]), s: new Set([7]), t: new Thing() }; ring.self = ring; ring")
    text = k.run(code).ok().result["text/plain"]
    assert all(part in text for part in ("Map", "Set", "Thing", "Circular")), text


RICH_TYPESCRIPT = """({ [Symbol.for("Jupyter.display")]() { return {
  "text/plain": "rich", "text/html": "<b>rich</b>", "image/png": "iVBORw0KGgo=", "%s": { data: [], layout: { title: "t" } } } } })""" % PLOTLY
RICH_PYTHON = """class Rich:
  def _repr_mimebundle_(self, **_): return {"text/plain": "rich", "text/html": "<b>rich</b>", "image/png": "iVBORw0KGgo=", "%s": {"data": [], "layout": {"title": "t"}}}
Rich()""" % PLOTLY


@case("a rich value shows itself in several MIME types")
def rich(k, d):
    bundle = k.run(d(RICH_TYPESCRIPT, RICH_PYTHON)).ok().result
    assert set(bundle) == {"text/plain", "text/html", "image/png", PLOTLY}, set(bundle)


@case("a Plotly figure travels as JSON, not as text")
def json_mime(k, d):
    assert k.run(d(RICH_TYPESCRIPT, RICH_PYTHON)).ok().result[PLOTLY] == {"data": [], "layout": {"title": "t"}}


@case("an asynchronous display method is awaited")
def asynchronous_hook(k, d):
    code = d('({ async [Symbol.for("Jupyter.display")]() { await new Promise((r) => setTimeout(r, 20)); return { "text/plain": "slow" } } })')
    assert k.run(code).ok().result["text/plain"] == "slow"


@case("a display method on a prototype is found")
def prototype_hook(k, d):
    code = d(
        'class Shown { [Symbol.for("Jupyter.display")]() { return { "text/plain": "mine", "text/html": "<i>mine</i>" } } }\nnew Shown()',
        "class Shown:\n  def _repr_html_(self): return '<i>mine</i>'\nShown()",
    )
    assert k.run(code).ok().result["text/html"] == "<i>mine</i>"


@case("a display method that throws is reported, the kernel lives")
def throwing_hook(k, d):
    code = d(
        '({ [Symbol.for("Jupyter.display")]() { throw new Error("no picture today") } })',
        "class Bad:\n  def __repr__(self): raise ValueError('no picture today')\nBad()",
    )
    cell = k.run(code)
    assert cell.idle and "no picture today" in cell.text, cell.describe()
    k.alive()


@case("display() sends one bundle of several types")
def display(k, d):
    cell = k.run(d.display({"text/plain": "p", "text/html": "<p>p</p>"})).ok()
    assert [c["data"] for c in cell.contents("display_data")] == [{"text/plain": "p", "text/html": "<p>p</p>"}], cell.describe()


@case("an update carries the display's id")
def update(k, d):
    cell = k.run(d.display({"text/plain": "a"}, "same") + "\n" + d.display({"text/plain": "b"}, "same", True)).ok()
    [first], [second] = cell.contents("display_data"), cell.contents("update_display_data")
    assert first["transient"]["display_id"] == second["transient"]["display_id"] == "same", cell.describe()
    assert second["data"]["text/plain"] == "b"


@case("a later cell can update an earlier display")
def update_across_cells(k, d):
    k.run(d.display({"text/plain": "a"}, "across")).ok()
    cell = k.run(d.display({"text/plain": "b"}, "across", True)).ok()
    assert [c["transient"]["display_id"] for c in cell.contents("update_display_data")] == ["across"], cell.describe()


@case("a large typed array is summarised: type, length, first values")
def typed_array(k, d):
    text = k.run(d("Float32Array.from({ length: 1_000_000 }, (_, i) => i / 2)")).ok().result["text/plain"]
    assert len(text) < 3000, f"{len(text)} characters"
    assert "Float32Array" in text and "0.5" in text and "1000000" in text.replace(",", "").replace("_", ""), text[:300]


@case("a large array is shortened")
def large_array(k, d):
    text = k.run(d("Array.from({ length: 1_000_000 }, (_, i) => i)")).ok().result["text/plain"]
    assert len(text) < 20_000, f"{len(text)} characters"


@case("a tensor is summarised: shape, type, values")
def tensor(k, d):
    cell = k.run(d('import "@tensorflow/tfjs-backend-cpu";\nimport * as tf from "@tensorflow/tfjs-core";\ntf.tensor2d([[1, 2, 3], [4, 5, 6]])'), timeout=90).ok()
    text = cell.result["text/plain"]
    assert "2" in text and "3" in text and "float32" in text and "6" in text and "kept" not in text, text


@case("a table is HTML with a text beside it")
def table(k, d):
    bundle = k.run(d('import { table } from "arquero";\ntable({ step: [1, 2], gain: [0.5, 0.25] })'), timeout=60).ok().result
    assert "<table" in bundle.get("text/html", "") and "0.25" in bundle["text/html"], bundle
    assert "gain" in bundle["text/plain"] and "0.25" in bundle["text/plain"], bundle


@case("an error as a value is shown, not thrown")
def error_value(k, d):
    cell = k.run(d("new Error('just a value')", "ValueError('just a value')")).ok()
    assert "just a value" in cell.result["text/plain"]
