// The Jupyter protocol: order of messages, counters, queue, and the requests that are not cells.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KernelClient } from "./client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
});
afterAll(async () => kernel.shutdown());

const types = (messages: readonly { type: string }[]) => messages.map(({ type }) => type);
const states = (messages: readonly { type: string; content: { execution_state?: string } }[]) =>
  messages.filter(({ type }) => type === "status").map(({ content }) => content.execution_state);

describe("execution", () => {
  test("messages come in the protocol's order", async () => {
    const { published, reply } = await kernel.execute("console.log('out'); 42");
    expect(types(published)).toEqual(["status", "execute_input", "stream", "execute_result", "status"]);
    expect(states(published)).toEqual(["busy", "idle"]);
    expect(published[1]!.content).toMatchObject({ code: "console.log('out'); 42", execution_count: 1 });
    expect(published[3]!.content.data).toEqual({ "text/plain": "42" });
    expect(reply.content).toMatchObject({ status: "ok", execution_count: 1, payload: [], user_expressions: {} });
  });

  test("silent cells publish nothing and do not count; neither does store_history: false", async () => {
    const before = (await kernel.execute("0")).reply.content.execution_count as number;
    const silent = await kernel.execute("console.log('unheard'); 1", { silent: true, store_history: false });
    expect(types(silent.published)).toEqual(["status", "status"]);
    await kernel.execute("1", { store_history: false });
    expect((await kernel.execute("2")).reply.content.execution_count).toBe(before + 1);
  });

  test("user_expressions are evaluated after the cell, failures one by one", async () => {
    const { reply } = await kernel.execute("const base = 20", {
      user_expressions: { good: "base + 1", bad: "nowhere" },
    });
    expect(reply.content.user_expressions.good).toMatchObject({ status: "ok", data: { "text/plain": "21" } });
    expect(reply.content.user_expressions.bad).toMatchObject({ status: "error" });
  });

  test("a failing cell drops the cells that wait, unless stop_on_error is false", async () => {
    const [failed, dropped] = await Promise.all([kernel.execute("throw new Error('x')"), kernel.execute("1")]);
    expect(failed.reply.content.status).toBe("error");
    expect(dropped.reply.content.status).toBe("aborted");
    expect((await kernel.execute("2")).text).toBe("2");
    const [, kept] = await Promise.all([
      kernel.execute("throw new Error('x')", { stop_on_error: false }),
      kernel.execute("3"),
    ]);
    expect(kept.text).toBe("3");
  });

  test("requests are answered while a cell awaits", async () => {
    const running = kernel.execute("await new Promise((resolve) => setTimeout(resolve, 1500)); 'done'");
    const { reply } = await kernel.request("complete_request", { code: "conso", cursor_pos: 5 });
    expect(reply.content.matches).toContain("console");
    expect((await running).text).toBe("done");
  });
});

describe("other requests", () => {
  test("kernel_info", async () => {
    const { reply } = await kernel.request("kernel_info_request", {});
    expect(reply.content).toMatchObject({
      status: "ok",
      implementation: "dmpo",
      language_info: { name: "typescript", version: "5.9.3", file_extension: ".ts" },
    });
  });

  test("comm_info, comm_open of an unknown target, an unknown request", async () => {
    expect((await kernel.request("comm_info_request", {})).reply).toMatchObject({
      type: "comm_info_reply",
      content: { comms: {} },
    });
    void kernel.request("comm_open", { comm_id: "c1", target_name: "unknown", data: {} });
    void kernel.request("nobody_knows_request", {});
    await kernel.execute("1");
    expect(kernel.published.find(({ type }) => type === "comm_close")?.content.comm_id).toBe("c1");
  });

  test("history: tail, range, search", async () => {
    await kernel.execute("const needle = 1");
    const history = async (content: object) =>
      (await kernel.request("history_request", { output: false, raw: true, ...content })).reply.content.history;
    const [[session, line, source]] = await history({ hist_access_type: "tail", n: 1 });
    expect([session, source]).toEqual([1, "const needle = 1"]);
    expect(await history({ hist_access_type: "search", pattern: "*needle*", n: 5 })).toEqual([[1, line, source]]);
    expect(await history({ hist_access_type: "range", session: 0, start: 1, stop: 2 })).toHaveLength(1);
  });

  test("the heartbeat echoes, also while a cell blocks", async () => {
    const blocked = kernel.execute("const end = Date.now() + 600; while (Date.now() < end) {}");
    expect(await kernel.heartbeat("alive")).toBe("alive");
    await blocked;
  });

  test("completion positions are code points", async () => {
    const code = '"😀😀"; const zebra = 1; zeb';
    const { reply } = await kernel.request("complete_request", { code, cursor_pos: [...code].length });
    expect(reply.content).toMatchObject({ matches: ["zebra"], cursor_start: 23, cursor_end: 26 });
  });
});
