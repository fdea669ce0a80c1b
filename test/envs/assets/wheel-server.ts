// A package index on this machine that serves one wheel, by ranges or not, and misbehaves on request.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface WheelServer {
  /** As PIP_INDEX_URL has it. */
  readonly index: string;
  /** "GET /simple/made-up/", "GET /made_up.whl bytes=0-9", ... */
  readonly requests: string[];
  wheel: Buffer;
  /** What the index page says. */
  page: { readonly type: string; readonly text: string };
  ranges: boolean;
  /** Bytes of the coming answers to ranged requests after which the connection breaks; undefined: whole. */
  readonly cuts: (number | undefined)[];
  /** Called before a range is served. */
  beforeRange: () => void;
  close(): Promise<void>;
}

export async function startWheelServer(wheel: Buffer): Promise<WheelServer> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const served: WheelServer = {
    index: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`,
    requests: [],
    wheel,
    page: { type: "text/html", text: "" },
    ranges: true,
    cuts: [],
    beforeRange: () => {},
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return served;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    served.requests.push([request.method, request.url, request.headers.range].filter(Boolean).join(" "));
    if (request.url === "/simple/made-up/") {
      response.writeHead(200, { "Content-Type": served.page.type }).end(served.page.text);
      return;
    }
    if (request.url !== "/made_up.whl") return void response.writeHead(404).end();
    const { wheel: bytes } = served;
    const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    if (!served.ranges || (first === "" && last === "")) {
      response.writeHead(200, { "Content-Length": bytes.length }).end(bytes);
      return;
    }
    served.beforeRange();
    const from = first === "" ? Math.max(0, bytes.length - Number(last)) : Number(first);
    const to = first === "" || last === "" ? bytes.length - 1 : Math.min(Number(last), bytes.length - 1);
    const part = bytes.subarray(from, to + 1);
    response.writeHead(206, {
      "Content-Length": part.length,
      "Content-Range": `bytes ${from}-${to}/${bytes.length}`,
    });
    const cut = served.cuts.shift();
    if (cut === undefined) response.end(part);
    else response.write(part.subarray(0, cut), () => response.destroy());
  }
}
