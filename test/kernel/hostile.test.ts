// The kernel outlives its cells: whatever one does to its process, its notebook hears of it and the next cell runs.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isAlive, KernelClient, sleep, type CellResult } from "./client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
});
afterAll(async () => kernel.shutdown());

/** Each test has a process of its own: what the one before did to its intrinsics is gone with it. */
beforeEach(async () => {
  await kernel.execute("process.exit(0)");
  await kernel.execute("let kept = 41");
});

/** Runs a cell and presses stop once it has begun to print. */
async function stopped(code: string): Promise<CellResult> {
  const seen = kernel.published.length;
  const running = kernel.execute(`process.stdout.write("begun"); ${code}`);
  await kernel.printed("begun", seen);
  await kernel.interrupt();
  return running;
}

async function expectHealthy(): Promise<void> {
  expect((await kernel.execute("kept + 1")).text).toBe("42");
  expect((await kernel.execute("console.log('printed', { kept })")).stdout).toBe("printed { kept: 41 }\n");
  expect((await kernel.execute("throw new RangeError('told')")).error).toMatchObject({ evalue: "told" });
  expect((await kernel.execute("kept.nothing")).error).toMatchObject({ ename: "TypeScriptError" });
}

const every = (owner: string, change: string) =>
  `for (const name of Object.getOwnPropertyNames(${owner}) as never[]) { try { ${change} } catch {} }`;

describe("intrinsics", () => {
  test.each([
    [
      "Promise, Map, Symbol undefined",
      "Object.assign(globalThis, { Promise: 0, Map: 0, WeakMap: 0, Symbol: 0, Set: 0 })",
    ],
    ["JSON replaced", "JSON.stringify = () => { throw 1 }; JSON.parse = () => 0 as never"],
    ["Array.prototype empty", every("Array.prototype", "delete Array.prototype[name]")],
    ["Array.prototype throws", every("Array.prototype", "Array.prototype[name] = (() => { throw 1 }) as never")],
    ["no iteration", "delete (Array.prototype as any)[Symbol.iterator]"],
    ["String.prototype empty", every("String.prototype", "delete String.prototype[name]")],
    ["RegExp.prototype throws", "RegExp.prototype.exec = () => { throw 1 }"],
    ["Map.prototype empty", every("Map.prototype", "delete Map.prototype[name]")],
    ["call and apply throw", "Function.prototype.call = Function.prototype.apply = () => { throw 1 }"],
    ["Reflect empty", every("Reflect", "delete Reflect[name]")],
    ["all objects are thenable", "(Object.prototype as any).then = () => {}"],
    ["all objects have toJSON", "(Object.prototype as any).toJSON = () => 'polluted'"],
    ["Promise.prototype.then throws", "Promise.prototype.then = () => { throw 1 }"],
    ["Error.prepareStackTrace throws", "Error.prepareStackTrace = () => { throw 1 }"],
    ["Error.prepareStackTrace returns no text", "Error.prepareStackTrace = (_, sites) => sites"],
    ["no Error", "delete (globalThis as any).Error"],
    [
      "fs and v8 replaced",
      "Object.assign(require('node:fs'), { writevSync: () => 0 }); require('node:v8').serialize = () => 0",
    ],
  ])("%s", async (_, code) => {
    await kernel.execute(`${code}; undefined`);
    // console.log itself is made of these; what matters is that the kernel's own code is not.
    expect((await kernel.execute("kept + 1")).text).toBe("42");
    expect((await kernel.execute("await 1; kept")).text).toBe("41");
    expect((await kernel.execute("throw 'told'")).error).toMatchObject({ evalue: "told" });
    expect((await kernel.execute("kept.nothing")).error).toMatchObject({ ename: "TypeScriptError" });
    expect((await kernel.execute("process.stdout.write('printed')")).stdout).toBe("printed");
  });

  test("every global deleted", async () => {
    const fresh = await KernelClient.start();
    await fresh.execute("let kept = 41");
    await fresh.execute(every("globalThis", "delete globalThis[name]"));
    expect((await fresh.execute("kept + 1")).text).toBe("42");
    expect((await fresh.execute("await 1; kept")).text).toBe("41");
    await fresh.shutdown();
  });

  test("lines of the cell are shown without the mapping of stacks", async () => {
    await kernel.execute("delete (Error as any).prepareStackTrace");
    const { error } = await kernel.execute("interface Gone { a: 1 }\nawait 0;\nthrow new Error('x')");
    expect(error!.traceback).toMatch(/> 3 \| throw new Error[\s\S]*at cell-\d+\.ts:3:7$/);
  });
});

const endless = "const endless = (): unknown => Promise.resolve().then(endless); endless(); undefined";

describe("stop", () => {
  test.each([
    ["promise jobs", "const f = (): unknown => Promise.resolve().then(f); f(); await new Promise(() => {})"],
    ["queueMicrotask", "const f = () => queueMicrotask(f); f(); await new Promise(() => {})"],
    ["process.nextTick", "const f = () => process.nextTick(f); f(); await new Promise(() => {})"],
    ["setImmediate", "const f = () => setImmediate(f); f(); await new Promise(() => {})"],
    [
      "an error whose message never ends",
      "throw { get name() { for (;;); } } instanceof Error || Object.defineProperty(new Error(), 'message', { get() { for (;;); } })",
    ],
    ["a stack that never ends", "Error.prepareStackTrace = () => { for (;;); }; throw new Error()"],
    ["a value that never shows itself", "({ [Symbol.for('Jupyter.display')]() { for (;;); } })"],
    [
      "a listener of the stop signal that never ends",
      "(globalThis as any)[Symbol.for('dmpo.notebook')].signal.addEventListener('abort', () => { for (;;); }); for (;;);",
    ],
    ["without Promise", "Object.assign(globalThis, { Promise: 0 }); for (;;);"],
  ])("ends %s", async (_, code) => {
    expect((await stopped(code)).error?.ename).toBe("KeyboardInterrupt");
    expect((await kernel.execute("kept + 1")).text).toBe("42");
  });

  test("ends the process where nothing else helps, and says so", async () => {
    const { error } = await stopped("require('node:child_process').execSync('sleep 600')");
    expect([error?.ename, error?.evalue]).toEqual([
      "KeyboardInterrupt",
      expect.stringMatching(/did not end by itself, so its process was ended\. All variables are gone/),
    ]);
    expect((await kernel.execute("1 + 1")).text).toBe("2");
  });

  test("ends what a cell left behind, also when none runs", async () => {
    await kernel.execute(endless);
    await kernel.interrupt();
    await expectHealthy();
  });

  test("what a cell left behind does not block the following ones", async () => {
    await kernel.execute(endless);
    const seen = kernel.published.length;
    const running = kernel.execute("kept");
    while (!kernel.published.slice(seen).some(({ type }) => type === "execute_input")) await sleep(10);
    await kernel.interrupt();
    expect((await running).error?.ename).toBe("KeyboardInterrupt");
    await expectHealthy();
  });

  test("is not lost before a fresh kernel's first cell starts", async () => {
    const fresh = await KernelClient.start();
    // Slow enough that on a busy machine, too, the stop is there before its end.
    const running = fresh.execute("await new Promise((done) => setTimeout(done, 4000)); console.log('ran')");
    await fresh.interrupt();
    const { error, stdout } = await running;
    expect([error?.ename, stdout]).toEqual(["KeyboardInterrupt", ""]);
    expect((await fresh.execute("1 + 1")).text).toBe("2");
    await fresh.shutdown();
  });
});

describe("errors that throw when they are read", () => {
  test.each([
    ["a proxy", "throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } })", "{}"],
    ["a proxy of an error", "throw new Proxy(new Error('inner'), { get() { throw 1 } })", /^Error: inner/],
    ["a revoked proxy", "const r = Proxy.revocable({}, {}); r.revoke(); throw r.proxy", "<Revoked Proxy>"],
    [
      "getters",
      "throw Object.defineProperty(new Error(), 'message', { get() { throw 1 } })",
      "(the message cannot be read)",
    ],
    [
      "a value that shows itself badly",
      "throw { [Symbol.for('nodejs.util.inspect.custom')]() { throw 1 } }",
      "(a value that cannot be shown)",
    ],
    ["no prototype", "throw Object.create(null)", "[Object: null prototype] {}"],
    ["a cause that throws", "throw Object.defineProperty(new Error('outer'), 'cause', { get() { throw 1 } })", "outer"],
    ["itself as its cause", "const loop = new Error('loop'); loop.cause = loop; throw loop", "loop"],
  ])("%s", async (_, code, evalue) => {
    const { error } = await kernel.execute(code);
    expect(error?.evalue).toMatch(evalue);
    expect(error?.traceback.match(/caused by/g) ?? []).toEqual([]);
    await expectHealthy();
  });

  test("values, too", async () => {
    const { text } = await kernel.execute("new Proxy({}, { get() { throw 1 } })");
    expect(text).toBe("{}");
    expect((await kernel.execute("({ [Symbol.for('nodejs.util.inspect.custom')]() { throw 1 } })")).text).toBe(
      "(a value of type object that cannot be shown)",
    );
  });
});

describe("the end of the process", () => {
  test.each([
    ["process.exit(7)", /exit code 7/],
    ["setTimeout(() => process.exit(7), 10); await new Promise(() => {})", /exit code 7/],
    ["process.kill(process.pid, 'SIGKILL'); for (;;);", /SIGKILL.* memory ran out/],
    ["process.abort()", /crashed \(SIGABRT\)/],
    ["require('node:fs').writeSync(3, 'x'.repeat(100)); for (;;);", /written to the kernel's own pipe/],
    ["require('node:fs').closeSync(3)", /exit code 1/],
    [
      "require('node:fs').writeSync(2, `terminate called after throwing an instance of 'std::bad_alloc'\\n`); process.abort()",
      /not enough memory/,
    ],
    [
      "process.removeAllListeners('uncaughtException'); process.nextTick(() => { throw 1 }); await new Promise(() => {})",
      /exit code 1/,
    ],
  ])("%s", async (code, reason) => {
    const { error, stdout, stderr, reply } = await kernel.execute(`console.log("before"); ${code}`);
    expect(error?.ename).toBe("ProcessEnded");
    expect(error?.evalue).toMatch(reason);
    expect(error?.evalue).toMatch(/All variables are gone/);
    expect(stdout).toBe("before\n");
    expect(stderr).not.toMatch(/Native stack trace/);
    expect(reply.content).toMatchObject({ status: "error", ename: "ProcessEnded" });
    const next = await kernel.execute("6 * 7");
    expect([next.text, next.reply.content.execution_count]).toEqual(["42", 1]);
    expect((await kernel.execute("kept")).error?.ename).toBe("TypeScriptError");
  });

  test("an exhausted heap", async () => {
    const small = await KernelClient.start(undefined, { NODE_OPTIONS: "--max-old-space-size=200" });
    const { error, stdout, stderr } = await small.execute(
      "console.log('before'); const held: number[][] = []; for (;;) held.push(new Array(1e5).fill(0.5));",
    );
    expect(error?.evalue).toMatch(/^the JavaScript heap is full \(its limit is 2\d\d MB\).*All variables are gone/);
    expect([stdout, stderr]).toEqual(["before\n", ""]);
    expect((await small.execute("1 + 1")).text).toBe("2");
    await small.shutdown();
  });

  test("between cells", async () => {
    const seen = kernel.published.length;
    await kernel.execute("setTimeout(() => process.exit(3), 50); 'done'");
    const told = () => kernel.published.slice(seen).find(({ type }) => type === "stream");
    while (!told()) await sleep(20);
    expect(told()!.content).toMatchObject({
      name: "stderr",
      text: expect.stringMatching(/exit code 3\. All variables/),
    });
    expect((await kernel.execute("1 + 1")).text).toBe("2");
  });

  test("takes the processes that cells have started with it", async () => {
    const { text } = await kernel.execute("require('node:child_process').spawn('sleep', ['600']).pid");
    await kernel.execute("process.exit(0)");
    while (await isAlive(Number(text))) await sleep(20);
  });
});

describe("output", () => {
  test("half an emoji is printed, returned, thrown, displayed as the replacement character", async () => {
    expect((await kernel.execute("console.log('\\ud83d!')")).stdout).toBe("\ufffd!\n");
    expect((await kernel.execute("'\\ude00'")).text).toBe("\ufffd");
    expect((await kernel.execute("throw new Error('\\ud83d')")).error?.evalue).toBe("\ufffd");
    const { published } = await kernel.execute(
      "({ [Symbol.for('Jupyter.display')]: () => ({ 'application/json': { '\\ud83d': '\\ud83d' } }) })",
    );
    expect(published.find(({ type }) => type === "execute_result")?.content.data).toEqual({
      "application/json": { "\ufffd": "\ufffd" },
    });
  });

  test("two halves that are printed one after the other are whole", async () => {
    expect((await kernel.execute("for (const half of ['\\ud83d', '\\ude00']) process.stdout.write(half)")).stdout).toBe(
      "😀",
    );
  });

  test("child processes with inherited streams", async () => {
    const { stdout, stderr } = await kernel.execute(
      "import { execSync } from 'node:child_process';\nconsole.log('own'); execSync('echo child; echo bad >&2', { stdio: 'inherit' }); console.log('own')",
    );
    // The two come through different pipes.
    expect([stdout.split("\n").sort(), stderr]).toEqual([["", "child", "own", "own"], "bad\n"]);
    const spawned = await kernel.execute(
      "import { spawn } from 'node:child_process'; import { once } from 'node:events';\nawait once(spawn('sh', ['-c', 'sleep 0.1; seq 20000'], { stdio: 'inherit' }), 'exit')",
    );
    expect(spawned.stdout).toBe(Array.from({ length: 20000 }, (__, line) => `${line + 1}\n`).join(""));
  });

  test.each([
    ["{ 'image/png': new Uint8Array(2) }", /"image\/png" is Uint8Array.*base64/],
    ["{ 'text/html': 5 }", /"text\/html" is 5; expected a string/],
    ["{ html: '<b>' }", /"html" is no MIME type/],
    ["['x']", /no MIME bundle/],
    ["null", /no MIME bundle/],
    ["{ 'application/json': { big: 1n } }", /BigInt/],
  ])("a bundle that no notebook can hold is refused: %s", async (bundle, message) => {
    const { error } = await kernel.execute(`(globalThis as any)[Symbol.for("dmpo.notebook")].display(${bundle})`);
    expect(error).toMatchObject({ ename: "TypeError", evalue: expect.stringMatching(message) });
  });
});
