// The door to the network against servers of this machine that mean no good: who gets the token, and that everything ends.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type * as timers from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Arrival } from "../../sdk/src/hub/arrival.js";
import { fetchFile } from "../../sdk/src/hub/fetch-file.js";
import { request } from "../../sdk/src/hub/request.js";

// Waiting between attempts is a hundred times shorter than in earnest.
vi.mock("node:timers/promises", async (original) => {
  const real = await original<typeof timers>();
  return { ...real, setTimeout: (ms: number, ...rest: never[]) => real.setTimeout(ms / 100, ...rest) };
});

const servers: Server[] = [];
let home: string;

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Serves a hub without files: every listing is answered by `list`. */
async function serveListing(list: RequestListener): Promise<void> {
  const hub = await serve((request, response) => {
    if (request.url!.startsWith("/api/")) list(request, response);
    else response.setHeader("X-Error-Code", "EntryNotFound").writeHead(404).end();
  });
  vi.stubEnv("HF_ENDPOINT", hub);
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "dmpo-door-"));
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("DMPO_CACHE_DIR", home);
  vi.stubEnv("HF_HUB_CACHE", undefined);
  vi.stubEnv("HF_HUB_OFFLINE", undefined);
  vi.stubEnv("HF_TOKEN", "hf_secret");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(home, { recursive: true, force: true });
});

test("the listing behind `did you mean` is one page of the hub, and no other host gets the token", async () => {
  const elsewhere: unknown[] = [];
  const evil = await serve(({ headers }, response) => {
    elsewhere.push(headers);
    response.setHeader("Link", `<${evil}/more>; rel="next"`).end("[]");
  });
  const tokens: unknown[] = [];
  await serveListing(({ headers }, response) => {
    tokens.push(headers.authorization);
    response.setHeader("Link", `<${evil}/page2>; rel="next"`).end('[{"path":"config.json"},{"path":7},{}]');
  });
  await expect(fetchFile("hf://org/repo/confg.json")).rejects.toThrow("did you mean config.json?");
  expect(tokens).toEqual(["Bearer hf_secret"]);
  expect(elsewhere).toEqual([]);
});

test.each([
  ["without end", (write: () => void) => void setInterval(write, 0).unref()],
  ["that stands still", (write: () => void) => write()],
])("a listing %s only costs the hint", async (_, feed) => {
  vi.stubEnv("HF_HUB_DOWNLOAD_TIMEOUT", "0.3");
  await serveListing((_, response) => feed(() => response.write(" ".repeat(1 << 20))));
  await expect(fetchFile("hf://org/repo/x.json")).rejects.toMatchObject({ code: "DMPO_HUB_NOT_FOUND" });
});

test("a listing obeys the signal", async () => {
  const stop = new AbortController();
  await serveListing(() => setTimeout(() => stop.abort(new Error("enough")), 20));
  await expect(fetchFile("hf://org/repo/x.json", { signal: stop.signal })).rejects.toThrow("enough");
});

test("the token stays home, also on the way back from another host", async () => {
  const seen: string[] = [];
  const away = await serve(({ headers }, response) => {
    seen.push(`away ${headers.authorization}`);
    response.writeHead(302, { Location: `${hub}/back` }).end();
  });
  const hub = await serve(({ url, headers }, response) => {
    seen.push(`${url} ${headers.authorization}`);
    if (url === "/start") response.writeHead(302, { Location: "/again" }).end();
    else if (url === "/again") response.writeHead(302, { Location: `${away}/x` }).end();
    else response.end();
  });
  vi.stubEnv("HF_ENDPOINT", hub);
  await request(`${hub}/start`, { authorized: true });
  const withToken = ["/start Bearer hf_secret", "/again Bearer hf_secret"];
  expect(seen).toEqual([...withToken, "away undefined", "/back undefined"]);
  // Nor does an address that is not the hub's get it.
  vi.stubEnv("HF_ENDPOINT", "https://huggingface.co");
  await request(`${hub}/start`, { authorized: true });
  expect(seen.slice(4)).toEqual(["/start undefined", "/again undefined", "away undefined", "/back undefined"]);
});

test("a token that cannot be one is not repeated", async () => {
  const hub = await serve((_, response) => void response.end());
  vi.stubEnv("HF_ENDPOINT", hub);
  vi.stubEnv("HF_TOKEN", "hf_se\ncret");
  const { message } = await request(hub, { authorized: true }).then(
    () => new Error("none"),
    (error: Error) => error,
  );
  expect(message).toMatch(/HF_TOKEN/);
  expect(message).not.toMatch(/cret/);
});

test.each([
  ["in a circle", (own: string) => `${own}/next`, /more than 10 redirects/],
  ["to a file", () => "file:///etc/passwd", /redirected to file:/],
  ["to data", () => "data:text/plain,x", /redirected to data:/],
])("redirects %s end", async (_, target, message) => {
  let count = 0;
  const own = await serve((_, response) => {
    count++;
    response.writeHead(302, { Location: target(own) }).end();
  });
  await expect(request(own, { attempts: 1 })).rejects.toThrow(message);
  expect(count).toBeLessThan(12);
});

test.each([
  ["a byte now and then", (write: () => void) => void setInterval(write, 10).unref(), /only \d+ bytes arrived/],
  ["nothing more", (write: () => void) => write(), /nothing arrived for 0.2 s/],
  ["a few bytes per connection", (write: () => void, cut: () => void) => (write(), setTimeout(cut, 50)), /aborted/],
])("a download that brings %s is given up", async (_, feed, message) => {
  vi.stubEnv("HF_HUB_DOWNLOAD_TIMEOUT", "0.2");
  let transfers = 0;
  const web = await serve(({ method, headers }, response) => {
    if (method === "HEAD") return response.setHeader("Content-Length", 1e6).end();
    transfers++;
    const start = Number(/\d+/.exec(headers.range ?? "")?.[0] ?? 0);
    response.setHeader("Content-Range", `bytes ${start}-999999/1000000`).setHeader("Content-Length", 1e6 - start);
    response.writeHead(start > 0 ? 206 : 200);
    feed(
      () => response.write("x"),
      () => response.destroy(),
    );
  });
  await expect(fetchFile(`${web}/file`)).rejects.toThrow(message);
  expect(transfers).toBe(5);
});

test("more bytes than expected end the reading at once", async () => {
  const source = new PassThrough();
  const arrival = new Arrival(source, 30);
  source.write("12345");
  await expect(arrival.text(4)).rejects.toThrow("more than 4 bytes");
  expect(source.destroyed).toBe(true);
});

test("what came before a connection broke is given, then the error", async () => {
  const source = new PassThrough();
  const arrival = new Arrival(source, 30);
  source.write("12345");
  await new Promise((resolve) => setImmediate(resolve));
  source.destroy(new Error("cut"));
  await new Promise((resolve) => setImmediate(resolve));
  const chunks: string[] = [];
  const reading = (async () => {
    for await (const chunk of arrival.read()) chunks.push(chunk.toString());
  })();
  await expect(reading).rejects.toThrow("cut");
  expect(chunks).toEqual(["12345"]);
});

test("a compressed answer is named, not stored", async () => {
  const web = await serve((_, response) => response.setHeader("Content-Encoding", "gzip").end("x"));
  await expect(fetchFile(`${web}/file`)).rejects.toThrow(/Content-Encoding gzip/);
});

test("a request with a body is sent once, and a server's error comes back with what it says where that is wanted", async () => {
  const seen: string[] = [];
  const address = await serve((incoming, response) => {
    let body = "";
    incoming.on("data", (chunk: Buffer) => void (body += chunk.toString()));
    incoming.on("end", () => {
      seen.push(`${incoming.method} ${body}`);
      response.writeHead(500).end("there is one of that name");
    });
  });
  const sent = { method: "POST", body: '{"a":"ü"}', attempts: 1 } as const;
  const answer = await request(address, { ...sent, returnsErrors: true });
  expect([answer.status, await answer.body.text(100)]).toEqual([500, "there is one of that name"]);
  await expect(request(address, sent)).rejects.toThrow("answers 500");
  expect(seen).toEqual(['POST {"a":"ü"}', 'POST {"a":"ü"}']);
});
