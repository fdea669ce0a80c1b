// A server that speaks the part of Ray's jobs interface that sweeps use, and keeps what it was asked; jobs end as a test says.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

interface Submitted {
  readonly submission_id: string;
  readonly entrypoint: string;
  readonly [key: string]: unknown;
}

/** What Ray says of a job. */
export type RayAnswer = Readonly<Record<string, unknown>> & { readonly status: string };

export class RayStub {
  readonly requests: string[] = [];
  readonly submitted: Submitted[] = [];
  readonly jobs = new Map<string, RayAnswer>();
  /** Wanted of everyone, where set. */
  token: string | undefined;
  /** What becomes of a job that is handed over. */
  onSubmit: (job: Submitted) => RayAnswer = () => ({ status: "PENDING", message: "Job has not started yet." });
  /** Cores of its two machines. */
  cores = [2, 1];

  private constructor(
    readonly address: string,
    readonly close: () => void,
  ) {}

  static async start(): Promise<RayStub> {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => void (body += chunk.toString()));
      request.on("end", () => {
        const [status, answer] = stub.#answer(request.method!, request.url!, request.headers, body);
        response.writeHead(status, { "Content-Type": "application/json" });
        response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const stub = new RayStub(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, () => server.close());
    return stub;
  }

  #answer(method: string, url: string, headers: NodeJS.Dict<string | string[]>, body: string): [number, unknown] {
    this.requests.push(`${method} ${url}`);
    // As recorded of Ray 2.60: browsers are refused, by the header that Node's fetch sends too.
    if (headers["sec-fetch-mode"]) return [405, "'POST' method not allowed for browser traffic"];
    if (this.token !== undefined && headers.authorization !== `Bearer ${this.token}`)
      return [401, "Unauthorized: invalid authentication token"];
    if (url === "/api/version") return [200, { version: "4", ray_version: "2.60.0" }];
    if (url === "/nodes?view=summary") {
      const node = (cores: number, index: number) => ({
        hostname: `n${index}`,
        raylet: { state: "ALIVE", resourcesTotal: { CPU: cores } },
      });
      return [200, { result: true, data: { summary: this.cores.map(node) } }];
    }
    if (method === "POST" && url === "/api/jobs/") return this.#submit(JSON.parse(body) as Submitted);
    const [, id, more] = /^\/api\/jobs\/([^/]+)(\/\w+)?$/.exec(url) ?? [];
    if (id === undefined) return [200, [...this.jobs].map(([submission_id, job]) => ({ submission_id, ...job }))];
    const job = this.jobs.get(id);
    if (!job) return [404, `Job ${id} does not exist`];
    if (more === "/logs") return [200, { logs: `log of ${id}\n` }];
    if (more === "/stop") {
      this.jobs.set(id, { status: "STOPPED", message: "Job was intentionally stopped." });
      return [200, { stopped: true }];
    }
    return [200, { submission_id: id, ...job }];
  }

  #submit(job: Submitted): [number, unknown] {
    if (this.jobs.has(job.submission_id)) {
      return [
        500,
        `Traceback (most recent call last):\n  ...\nValueError: Job with submission_id ${job.submission_id} already exists.`,
      ];
    }
    this.submitted.push(job);
    this.jobs.set(job.submission_id, this.onSubmit(job));
    return [200, { job_id: job.submission_id, submission_id: job.submission_id }];
  }
}
