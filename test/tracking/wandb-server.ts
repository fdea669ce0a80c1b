// A server on this machine that answers `wandb sync` as far as it asks, and keeps what was uploaded.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export interface WandbServer {
  readonly url: string;
  /** Rows of the history, as uploaded. */
  readonly history: Record<string, unknown>[];
  summary: Record<string, unknown>;
  /** Variables of the request that created the run. */
  run: Record<string, unknown>;
  complete: boolean;
  close(): Promise<void>;
}

interface Query {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

interface Stream {
  readonly files?: Readonly<Record<string, { readonly content: readonly string[] }>>;
  readonly complete?: boolean;
}

export async function startWandbServer(): Promise<WandbServer> {
  const server = createServer((request, response) => {
    void receive(request).then((body) => {
      const answer = JSON.stringify(request.url === "/graphql" ? { data: query(JSON.parse(body) as Query) } : {});
      if (request.url!.endsWith("/file_stream")) stream(JSON.parse(body) as Stream);
      response.writeHead(200, { "Content-Type": "application/json" }).end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const seen: WandbServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    history: [],
    summary: {},
    run: {},
    complete: false,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return seen;

  function query({ query, variables }: Query): object {
    if (query.includes("upsertBucket")) {
      if (variables.project) seen.run = { ...variables, ...seen.run };
      const entity = { id: "e", name: "somebody" };
      const project = { id: "p", name: variables.project ?? "dmpo", entity };
      const bucket = { id: "r", name: variables.name, displayName: variables.displayName, config: "{}", project };
      return { upsertBucket: { bucket: { ...bucket, historyLineCount: 0 }, inserted: true } };
    }
    if (query.includes("createRunFiles")) {
      return { createRunFiles: { runID: "r", uploadHeaders: [], files: [] } };
    }
    const viewer = { id: "u", entity: "somebody", username: "somebody", flags: "{}", teams: { edges: [] } };
    return { viewer, serverInfo: { features: [] }, __type: { inputFields: [], fields: [] } };
  }

  function stream({ files, complete }: Stream): void {
    for (const line of files?.["wandb-history.jsonl"]?.content ?? []) {
      seen.history.push(JSON.parse(line) as Record<string, unknown>);
    }
    const summary = files?.["wandb-summary.json"]?.content.at(-1);
    if (summary) seen.summary = JSON.parse(summary) as Record<string, unknown>;
    seen.complete ||= complete === true;
  }
}

async function receive(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return (request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString();
}
