// A server on this machine that speaks the part of the hub's API that downloads use, and misbehaves on request.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One misbehaviour, used up by the first transfer that meets it. */
export type Fault =
  | { readonly cutAfter: number }
  | { readonly stallAfter: number }
  | { readonly status: number; readonly retryAfter?: string }
  | { readonly alter: "contents" | "longer" | "shorter" };

export interface HubFile {
  readonly contents: Buffer;
  /** Stored as a large file: tagged by SHA-256 and served by another host. */
  readonly large?: boolean;
  /** Bytes that the hub claims instead of the true number. */
  readonly claimedSize?: number;
}

export interface HubServer {
  readonly endpoint: string;
  readonly commit: string;
  /** Files by "datasets/org/name/path" or "org/name/path". */
  readonly files: Map<string, HubFile>;
  /** Misbehaviour of the coming requests: of HEAD, and of transfers. */
  readonly headFaults: Fault[];
  readonly faults: Fault[];
  /** "HEAD /path", "GET /path bytes=5-" ... */
  readonly requests: string[];
  /** Who may read; undefined: everybody. */
  token: string | undefined;
  /** Milliseconds before a transfer's bytes. */
  delay: number;
  close(): Promise<void>;
}

const commit = "0123456789abcdef0123456789abcdef01234567";

export const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
export const gitName = (bytes: Buffer) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

export async function startHubServer(files: Record<string, HubFile>): Promise<HubServer> {
  const content = createServer((request, response) => void transfer(request, response));
  const server = createServer((request, response) => void handle(request, response));
  const listen = (one: typeof server) =>
    new Promise<string>((resolve) =>
      one.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(one.address() as AddressInfo).port}`)),
    );
  const [endpoint, contentHost] = [await listen(server), await listen(content)];
  const hub: HubServer = {
    endpoint,
    commit,
    files: new Map(Object.entries(files)),
    headFaults: [],
    faults: [],
    requests: [],
    token: undefined,
    delay: 0,
    async close() {
      for (const one of [server, content]) {
        one.closeAllConnections();
        await new Promise((resolve) => one.close(resolve));
      }
    },
  };
  return hub;

  function note({ method, url, headers }: IncomingMessage) {
    hub.requests.push([method, url, headers.range].filter(Boolean).join(" "));
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const listing = /^\/api\/(?:models|datasets)\/([\w.-]+\/[\w.-]+)\/tree\//.exec(request.url!);
    if (listing) return list(listing[1]!, response);
    const plain = request.url!.startsWith("/plain/");
    if (plain && request.method === "GET") return transfer(request, response);
    note(request);
    const fault = request.method === "HEAD" ? hub.headFaults.shift() : undefined;
    if (fault && "status" in fault) return refuse(response, fault);
    const [, name, revision, path] = /^\/(.+)\/resolve\/([^/]+)\/(.+)$/.exec(request.url!) ?? [];
    const file = hub.files.get(plain ? request.url!.slice(1) : `${name}/${path}`);
    if (!plain && hub.token && request.headers.authorization !== `Bearer ${hub.token}`) {
      return refuse(response, { status: 401, code: "RepoNotFound" });
    }
    if (!plain && revision !== "main" && revision !== commit) {
      return refuse(response, { status: 404, code: "RevisionNotFound" });
    }
    if (!file) return refuse(response, { status: 404, code: plain ? undefined : "EntryNotFound" });
    const { contents, large, claimedSize = contents.length } = file;
    response.setHeader("X-Repo-Commit", commit);
    if (plain || !large) {
      response.setHeader("ETag", `"${gitName(contents)}"`);
      if (request.method === "GET") return transfer(request, response);
      response.setHeader("Content-Length", claimedSize).end();
      return;
    }
    response.setHeader("X-Linked-ETag", `"${sha256(contents)}"`).setHeader("X-Linked-Size", claimedSize);
    response
      .writeHead(302, { Location: `${contentHost}/${name}/resolve/main/${path}`, ETag: '"of-the-redirect"' })
      .end();
  }

  async function transfer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    note(request);
    if (request.socket.localPort === Number(new URL(contentHost).port) && request.headers.authorization) {
      hub.requests.push("LEAKED TOKEN");
    }
    const file = hub.files.get(request.url!.slice(1).replace(/\/resolve\/[^/]+\//, "/"))!;
    const fault = hub.faults.shift();
    if (fault && "status" in fault) return refuse(response, fault);
    let bytes = file.contents;
    if (fault && "alter" in fault) {
      if (fault.alter === "contents") bytes = Buffer.from(bytes.map((byte) => byte ^ 1));
      if (fault.alter === "longer") bytes = Buffer.concat([bytes, Buffer.from("!")]);
      if (fault.alter === "shorter") bytes = bytes.subarray(1);
    }
    const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (start >= bytes.length && start > 0) return refuse(response, { status: 416 });
    if (start > 0) response.setHeader("Content-Range", `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
    response.writeHead(start > 0 ? 206 : 200, { "Content-Length": bytes.length - start });
    await new Promise((resolve) => setTimeout(resolve, hub.delay));
    if (fault && "stallAfter" in fault) {
      response.write(bytes.subarray(start, start + fault.stallAfter));
    } else if (fault && "cutAfter" in fault) {
      response.write(bytes.subarray(start, start + fault.cutAfter), () => response.destroy());
    } else {
      response.end(bytes.subarray(start));
    }
  }

  function list(repository: string, response: ServerResponse): void {
    const entries = [...hub.files].flatMap(([name, { contents }]) => {
      const path = name.replace(/^datasets\//, "").slice(repository.length + 1);
      return name.includes(`${repository}/`) ? [{ type: "file", path, size: contents.length, oid: "0" }] : [];
    });
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(entries));
  }
}

function refuse(
  response: ServerResponse,
  { status, code, retryAfter }: { status: number; code?: string; retryAfter?: string },
): void {
  if (code) response.setHeader("X-Error-Code", code);
  if (retryAfter) response.setHeader("Retry-After", retryAfter);
  response.writeHead(status).end();
}
