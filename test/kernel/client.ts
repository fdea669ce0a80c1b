// A small Jupyter client: starts the built kernel in a folder of its own, sends signed requests, collects what comes back.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Dealer, Request, Subscriber } from "zeromq";
import { kernelspec } from "../../kernel-ext/src/kernelspec.js";

const delimiter = Buffer.from("<IDS|MSG>");
const launcher = fileURLToPath(new URL("../../kernel-ext/dist/launcher.js", import.meta.url));

export interface Message {
  readonly type: string;
  readonly parent: string | undefined;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- contents are checked by the tests
  readonly content: any;
}

/** What one request brought: its reply and the published messages, in order. */
export interface Answer {
  readonly reply: Message;
  readonly published: readonly Message[];
}

/** Outcome of a cell in the terms that most tests need. */
export interface CellResult extends Answer {
  readonly stdout: string;
  readonly stderr: string;
  /** `text/plain` of the result. */
  readonly text: string | undefined;
  readonly error: { readonly ename: string; readonly evalue: string; readonly traceback: string } | undefined;
}

interface Waiting {
  reply?: Message;
  readonly published: Message[];
  isIdle: boolean;
  resolve(answer: Answer): void;
}

export interface ExecuteOptions {
  readonly silent?: boolean;
  readonly store_history?: boolean;
  readonly stop_on_error?: boolean;
  readonly user_expressions?: Readonly<Record<string, string>>;
}

export class KernelClient {
  readonly #shell = new Dealer({ linger: 0 });
  readonly #control = new Dealer({ linger: 0 });
  readonly #iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  readonly #waiting = new Map<string, Waiting>();
  /** Every published message, also those of no request. */
  readonly published: Message[] = [];

  private constructor(
    readonly process: ChildProcess,
    readonly folder: string,
    private readonly ports: readonly number[],
    private readonly key: string,
    private readonly ownsFolder: boolean,
  ) {}

  /**
   * @param folder the notebook's; a new temporary one when absent
   * @param env more variables of its environment
   */
  static async start(folder?: string, env: NodeJS.ProcessEnv = {}): Promise<KernelClient> {
    const cwd = folder ?? (await mkdtemp(join(tmpdir(), "dmpo-kernel-test-")));
    const key = randomUUID();
    const ports = await freePorts(5);
    const [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports;
    const connectionFile = join(await mkdtemp(join(tmpdir(), "dmpo-kernel-connection-")), "connection.json");
    const address = { ip: "127.0.0.1", transport: "tcp", signature_scheme: "hmac-sha256", key };
    await writeFile(
      connectionFile,
      JSON.stringify({ ...address, shell_port, iopub_port, stdin_port, control_port, hb_port }),
    );
    const child = spawn(process.execPath, [launcher, "--config-path", connectionFile], {
      cwd,
      env: { ...process.env, ...kernelspec().env, ...env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const client = new KernelClient(child, cwd, ports, key, folder === undefined);
    await client.#connect();
    await rm(join(connectionFile, ".."), { recursive: true });
    return client;
  }

  async #connect(): Promise<void> {
    const [shell, iopub, , control] = this.ports;
    this.#shell.connect(`tcp://127.0.0.1:${shell}`);
    this.#control.connect(`tcp://127.0.0.1:${control}`);
    this.#iopub.connect(`tcp://127.0.0.1:${iopub}`);
    this.#iopub.subscribe();
    void this.#receive(this.#shell, false);
    void this.#receive(this.#control, false);
    void this.#receive(this.#iopub, true);
    // The subscription is there once a status of one of these requests has arrived.
    while (!this.published.some(({ type }) => type === "status")) {
      const id = await this.#send(this.#shell, "kernel_info_request", {});
      await new Promise((resolve) => setTimeout(resolve, 50));
      this.#waiting.delete(id);
    }
  }

  /** Runs a cell. */
  async execute(code: string, options: ExecuteOptions = {}): Promise<CellResult> {
    const answer = await this.request("execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
      ...options,
    });
    const text = (name: string) =>
      answer.published
        .filter(({ type, content }) => type === "stream" && content.name === name)
        .map(({ content }) => content.text as string)
        .join("");
    const failure = answer.published.find(({ type }) => type === "error")?.content;
    return {
      ...answer,
      stdout: text("stdout"),
      stderr: text("stderr"),
      text: answer.published.find(({ type }) => type === "execute_result")?.content.data["text/plain"],
      error: failure && { ...failure, traceback: plain(failure.traceback.join("\n")) },
    };
  }

  /** Sends a request and resolves once its reply and its idle status have come. */
  async request(type: string, content: object, channel: "shell" | "control" = "shell"): Promise<Answer> {
    const socket = channel === "shell" ? this.#shell : this.#control;
    return new Promise((resolve, reject) => {
      this.#send(socket, type, content, resolve).catch(reject);
    });
  }

  /** Waits until something that contains `text` has been printed after the first `seen` messages. */
  async printed(text: string, seen: number): Promise<void> {
    const isThere = ({ type, content }: Message) => type === "stream" && content.text.includes(text);
    while (!this.published.slice(seen).some(isThere)) await sleep(10);
  }

  async interrupt(): Promise<void> {
    await this.request("interrupt_request", {}, "control");
  }

  /** Asks the kernel to end and waits until it has. */
  async shutdown(): Promise<void> {
    const ended =
      this.process.exitCode === null && this.process.signalCode === null ? once(this.process, "exit") : undefined;
    if (ended) {
      await Promise.race([this.request("shutdown_request", { restart: false }, "control"), ended]);
      await ended;
    }
    await this.dispose();
  }

  /** Closes the sockets and removes the folder. */
  async dispose(): Promise<void> {
    this.process.kill("SIGKILL");
    for (const socket of [this.#shell, this.#control, this.#iopub]) socket.close();
    if (this.ownsFolder) await rm(this.folder, { recursive: true, force: true });
  }

  /** Sends a frame to the heartbeat and returns what comes back. */
  async heartbeat(text: string): Promise<string> {
    const socket = new Request({ linger: 0, receiveTimeout: 5000 });
    socket.connect(`tcp://127.0.0.1:${this.ports[4]}`);
    await socket.send(text);
    const [frame] = await socket.receive();
    socket.close();
    return String(frame);
  }

  async #send(socket: Dealer, type: string, content: object, resolve: Waiting["resolve"] = () => {}): Promise<string> {
    const header = {
      msg_id: randomUUID(),
      msg_type: type,
      session: "test",
      username: "test",
      version: "5.3",
      date: "",
    };
    const parts = [header, {}, {}, content].map((part) => Buffer.from(JSON.stringify(part)));
    const hash = createHmac("sha256", this.key);
    for (const part of parts) hash.update(part);
    this.#waiting.set(header.msg_id, { published: [], isIdle: false, resolve });
    await socket.send([delimiter, Buffer.from(hash.digest("hex")), ...parts]);
    return header.msg_id;
  }

  async #receive(socket: Dealer | Subscriber, isPublished: boolean): Promise<void> {
    for await (const frames of socket) {
      const [header, parent, , content] = frames
        .slice(frames.findIndex((frame) => frame.equals(delimiter)) + 2)
        .map((part) => JSON.parse(part.toString()));
      const message: Message = { type: header.msg_type, parent: parent.msg_id, content };
      const waiting = this.#waiting.get(parent.msg_id);
      if (isPublished) this.published.push(message);
      if (!waiting) continue;
      if (isPublished) waiting.published.push(message);
      else waiting.reply = message;
      if (message.type === "status" && content.execution_state === "idle") waiting.isIdle = true;
      if (waiting.isIdle && waiting.reply) waiting.resolve({ reply: waiting.reply, published: waiting.published });
    }
  }
}

/** Text without terminal colours. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- the escape character is what colours begin with
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}

export async function isAlive(pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("ps", ["-o", "stat=", "-p", String(pid)], (error, stdout) => resolve(!error && !stdout.startsWith("Z")));
  });
}

export const sleep = async (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
