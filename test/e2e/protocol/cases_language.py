"""The language: top-level await, redeclaration, imports of every kind, modern TypeScript."""

import json
import os
import time
from pathlib import Path

from case import case


def shows(k, code, expected, timeout=30):
    got = k.run(code, timeout=timeout).ok().shown
    assert got == expected, f"expected {expected}, got {got}"


@case("await of a parenthesised expression")
def await_parentheses(k, d):
    shows(k, d("await (Promise.resolve(1 + 1))"), "2")


@case("await of an immediately called async function")
def await_function(k, d):
    shows(k, d("await (async () => { await null; return 3 })()"), "3")


@case("for await at the top level")
def for_await(k, d):
    code = d(
        "async function* three() { yield 1; yield 2; yield 3 }\nlet sum = 0;\nfor await (const n of three()) sum += n;\nsum",
        "async def three():\n  for n in (1, 2, 3): yield n\ntotal = 0\nasync for n in three(): total += n\ntotal",
    )
    shows(k, code, "6")


@case("await in arguments, templates, conditions and blocks")
def await_places(k, d):
    shows(k, d("const p = <T>(v: T) => Promise.resolve(v);\nlet out = Math.max(await p(1), await p(2)) + `${await p('x')}`;\nif (await p(true)) { out += await p('y') }\nout"), "2xy")


@case("await in a destructuring declaration")
def await_destructuring(k, d):
    k.run(d("const { one, rest: [two] } = await Promise.resolve({ one: 1, rest: [2] });")).ok()
    shows(k, "one + two", "3")


@case("await of a dynamic import")
def await_import(k, d):
    shows(k, d("(await import('node:path')).basename('/a/b')"), "b")


@case("const, let, class and function can be declared again")
def redeclare(k, d):
    for value in (1, 2):
        k.run(d(f"const c = {value}; let l = {value}; class K {{ v = {value} }} function f() {{ return {value} }}", f"c = l = {value}\nclass K: v = {value}\ndef f(): return {value}")).ok()
    shows(k, d("[c, l, new K().v, f()].join()", "','.join(map(str, [c, l, K.v, f()]))"), "2,2,2,2")


@case("a name can be declared again with another type")
def redeclare_type(k, d):
    k.run(d("const changing = 1;", "changing = 1")).ok()
    k.run(d("const changing = 'text';", "changing = 'text'")).ok()
    shows(k, d("changing.toUpperCase()", "changing.upper()"), "TEXT")


@case("an assignment in a later cell reaches earlier functions")
def closures(k, d):
    k.run(d("let n = 0; const increase = () => ++n;", "n = 0\ndef increase():\n  global n; n += 1; return n")).ok()
    shows(k, "increase(); increase()", "2")
    k.run("n = 10").ok()
    shows(k, "increase()", "11")
    shows(k, "n", "11")


@case("interfaces, types, enums and namespaces reach later cells")
def types(k, d):
    k.run(d("interface Point { x: number }\ntype Named<T> = T & { name: string };\nenum Colour { Red = 4, Blue }\nnamespace Geometry { export const unit = 1 }")).ok()
    shows(k, "const p: Named<Point> = { x: 1, name: 'p' };\n`${p.x}${Colour.Blue}${Geometry.unit}`", "151")


@case("a package that has only exports")
def exports_only(k, d):
    shows(k, d('import { answer } from "exports-only";\nanswer'), "42")


@case("its subpath, with types")
def exports_subpath(k, d):
    shows(k, d('import { deep } from "exports-only/deep";\nconst checked: number = deep;\nchecked'), "7")
    k.run(d('import { deep } from "exports-only/deep";\nconst wrong: string = deep;')).failed()


@case("a package with top-level await")
def top_level_await_package(k, d):
    shows(k, d('import { ready } from "awaits-at-top";\nready'), "yes")


@case("a CommonJS package: default, named and namespace import")
def commonjs(k, d):
    shows(k, d('import plain from "plain-commonjs";\nimport { twice } from "plain-commonjs";\nimport * as all from "plain-commonjs";\n[plain.twice(1), twice(2), all.twice(3)].join()'), "2,4,6")


@case("one copy of a package, imported in two cells and dynamically")
def one_copy(k, d):
    k.run(d('import { state } from "exports-only";\nstate.count = 5;')).ok()
    shows(k, '(await import("exports-only")).state.count', "5")


@case("Node's own modules, with and without node:")
def builtins(k, d):
    shows(k, d('import { join } from "node:path";\nimport fs from "fs";\nimport * as os from "os";\n[join("a", "b"), typeof fs.readFileSync, typeof os.cpus].join()'), "a/b,function,function")


@case("a JSON file")
def json_import(k, d):
    shows(k, d('import settings from "./settings.json";\nsettings.name'), "from json")


@case("import type leaves nothing to load")
def import_type(k, d):
    shows(k, d('import type { Answer } from "exports-only";\nconst a: Answer = 42;\na'), "42")


@case("a mixed import of values and types")
def mixed_import(k, d):
    shows(k, d('import { answer, type Answer } from "exports-only";\nconst b: Answer = answer;\nb'), "42")


@case("a local file is read again after a change")
def local_file(k, d):
    folder = Path(os.environ["BATTERY_FOLDER"])
    file = folder / d("local.ts", "local.py")
    write = lambda value: file.write_text(d(f"export const value: number = {value};\n", f"value = {value}\n"))
    code = d('import { value } from "./local";\nvalue', "import importlib, local; importlib.reload(local).value")
    write(1)
    shows(k, code, "1")
    time.sleep(1.1)
    write(22)
    shows(k, code, "22")


@case("an error in a local file names its line")
def local_error(k, d):
    folder = Path(os.environ["BATTERY_FOLDER"])
    (folder / "failing.ts").write_text("// one\nexport function fail(): never {\n  throw new Error('in the file');\n}\n")
    cell = k.run(d('import { fail } from "./failing";\nfail();')).failed()
    shown = "\n".join(cell.error["traceback"])
    assert "failing.ts:3" in shown and "in the file" in cell.error["evalue"], shown


@case("a type error in a local file is reported")
def local_type_error(k, d):
    folder = Path(os.environ["BATTERY_FOLDER"])
    (folder / "mistyped.ts").write_text("export const wrong: number = 'text';\n")
    assert "not assignable" in k.run(d('import { wrong } from "./mistyped";\nwrong')).failed().text


@case("a file outside the notebook's folder")
def outside_file(k, d):
    folder = Path(os.environ["BATTERY_FOLDER"])
    (folder.parent / "beside.ts").write_text("export const beside = 'outside';\n")
    shows(k, d('import { beside } from "../beside";\nbeside'), "outside")


@case("a missing package is a clear error")
def missing(k, d):
    cell = k.run(d('import { x } from "no-such-package-here";\nx', "import no_such_package_here")).failed()
    assert "no" in cell.text and d("no-such-package-here", "no_such_package_here") in cell.text


@case("the SDK, from a notebook in any folder")
def sdk(k, d):
    shows(k, d('import { Dataset, MeanFlow } from "dmpo";\ntypeof Dataset.bundled + typeof MeanFlow.improved'), "functionfunction", timeout=60)


@case("the SDK's types are checked")
def sdk_types(k, d):
    cell = k.run(d('import { MeanFlow } from "dmpo";\nMeanFlow.improved().withDispersive({ wieght: 1 });'), timeout=60).failed()
    assert "wieght" in cell.text, cell.describe()


@case("a sub-path that exists only in exports (h5wasm/node)")
def h5wasm(k, d):
    shows(k, d('import { File } from "h5wasm/node";\ntypeof File'), "function", timeout=60)


@case("TypeScript 5: satisfies, const type parameters, accessors, using")
def modern_types(k, d):
    code = d("""const sizes = { a: 1 } satisfies Record<string, number>;
function keep<const T>(value: T): T { return value; }
const kept: readonly [1, 2] = keep([1, 2]);
(Symbol as any).dispose ??= Symbol("dispose");
const log: string[] = [];
{ using held = { [Symbol.dispose]() { log.push("released"); } }; log.push("held"); }
[sizes.a, kept.length, ...log].join()""")
    shows(k, code, "1,2,held,released")


@case("a modern library: toSorted, findLast, structuredClone, fetch, URL")
def modern_library(k, d):
    shows(k, d("[[3, 1].toSorted()[0], [1, 2].findLast(() => true), structuredClone({ a: 1 }).a, typeof fetch, new URL('http://a/b').pathname].join()"), "1,2,1,function,/b")


@case("decorators, generators, private fields, labelled loops")
def syntax(k, d):
    code = d("""class Counter { #n = 0; static #made = 0; static { Counter.#made++ } next() { return ++this.#n + Counter.#made } }
function* two() { yield 1; yield 2 }
outer: for (const a of [1, 2]) for (const b of [1, 2]) if (b === 2) continue outer;
[new Counter().next(), ...two()].join()""")
    shows(k, code, "2,1,2")


@case("require() works too")
def require(k, d):
    shows(k, d('const path = require("node:path");\npath.basename("/x/y")'), "y")


@case("a cell that begins with a brace is an object or a block as written")
def braces(k, d):
    shows(k, d("({ a: 1 }).a"), "1")
    k.run(d("{ const inner = 1; console.log(inner) }")).ok()


@case("the last expression may be followed by a comment or have no semicolon")
def trailing(k, d):
    shows(k, d("const q = 5\nq // the value\n/* done */", "q = 5\nq  # the value"), "5")


@case("a failing cell leaves earlier variables untouched")
def failing_keeps(k, d):
    k.run(d("let untouched = 1;", "untouched = 1")).ok()
    k.run(d("untouched = 2; throw new Error('x')", "raise ValueError('x')")).failed()
    assert k.run("untouched").ok().shown in ("1", "2")


@case("process.cwd() and relative paths are the notebook's folder")
def working_folder(k, d):
    expected = os.path.realpath(os.environ["BATTERY_FOLDER"])
    shows(k, d('import { realpathSync } from "node:fs";\nrealpathSync(process.cwd())', "import os; os.path.realpath(os.getcwd())"), expected)


def write_fixtures(folder):
    """The packages and files beside the notebook that the cases import."""

    def package(name, manifest, files):
        where = folder / "node_modules" / name
        where.mkdir(parents=True)
        (where / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0", **manifest}))
        for path, text in files.items():
            (where / path).write_text(text)

    entry = lambda name: {"types": f"./{name}.d.ts", "import": f"./{name}.js"}
    package(
        "exports-only",
        {"type": "module", "exports": {".": entry("index"), "./deep": entry("deep")}},
        {
            "index.js": "export const answer = 42;\nexport const state = { count: 0 };\n",
            "index.d.ts": "export type Answer = number;\nexport declare const answer: number;\nexport declare const state: { count: number };\n",
            "deep.js": "export const deep = 7;\n",
            "deep.d.ts": "export declare const deep: number;\n",
        },
    )
    package(
        "awaits-at-top",
        {"type": "module", "main": "./index.js", "types": "./index.d.ts", "exports": {".": {"types": "./index.d.ts", "default": "./index.js"}}},
        {"index.js": "export const ready = await Promise.resolve('yes');\n", "index.d.ts": "export declare const ready: string;\n"},
    )
    package(
        "plain-commonjs",
        {"main": "index.js", "types": "index.d.ts"},
        {"index.js": "exports.twice = (n) => 2 * n;\n", "index.d.ts": "export declare function twice(n: number): number;\n"},
    )
    (folder / "settings.json").write_text('{ "name": "from json" }')
