// The kernel's sockets: answers what needs no cell, queues cells, and publishes what the session reports.
import { setTimeout } from "node:timers/promises";
import { Publisher, Reply, Router } from "zeromq";
import type { StreamName } from "../channel.js";
import { History } from "./history.js";
import { kernelInfo } from "./kernel-info.js";
import { MessageCodec, type Message } from "./message.js";
import { Outbox } from "./outbox.js";
import type { Session, SessionOutput } from "./session.js";
import { StreamMerger } from "./stream-merger.js";

interface Pending {
  readonly id: number;
  readonly message: Message;
  readonly outbox: Outbox;
}

/** Content of the connection file. */
export interface Connection {
  readonly transport: string;
  readonly ip: string;
  readonly key: string;
  readonly signature_scheme?: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly control_port: number;
  readonly stdin_port: number;
  readonly hb_port: number;
}

interface Collaborators {
  readonly connection: Connection;
  readonly typescriptVersion: string;
  createSession(output: SessionOutput): Session;
  /** Ends the process; the reply has been handed over. */
  exit(): void;
}

// A socket that never drops a message, however slow its reader is.
const unbounded = { sendHighWaterMark: 0, linger: 1000 };

/** Milliseconds between the last message and the end. */
const farewell = 100;

/** Requests that the compiler answers. */
const compilerRequests = new Set(["complete_request", "inspect_request", "is_complete_request"]);

export class Server {
  readonly session: Session;
  readonly #codec: MessageCodec;
  readonly #shell = new Router(unbounded);
  readonly #control = new Router(unbounded);
  readonly #stdin = new Router(unbounded);
  readonly #publisher = new Publisher(unbounded);
  readonly #heartbeat = new Reply();
  readonly #published = new Outbox(this.#publisher);
  readonly #history = new History();
  readonly #streams = new StreamMerger((request, name, text) =>
    this.#publish("stream", JSON.stringify({ name, text }), this.#requests.get(request)?.message),
  );
  /** The cell that runs, or the latest one, to which late output belongs. */
  readonly #requests = new Map<number, Pending>();
  readonly #queue: Pending[] = [];
  #running: Pending | undefined;
  #latest: Pending | undefined;
  #lastId = 0;

  constructor(private readonly with_: Collaborators) {
    this.#codec = new MessageCodec(with_.connection);
    this.session = with_.createSession({
      publish: (id, type, content) => this.#onPublished(id, type, content),
      stream: (id, name, text) => this.#onPrinted(id, name, text),
      onRestart: () => this.#history.beginSession(),
    });
  }

  async start(): Promise<void> {
    const { transport, ip, ...ports } = this.with_.connection;
    const address = (port: number) => `${transport}://${ip}${transport === "ipc" ? "-" : ":"}${port}`;
    await Promise.all([
      this.#shell.bind(address(ports.shell_port)),
      this.#control.bind(address(ports.control_port)),
      this.#stdin.bind(address(ports.stdin_port)),
      this.#publisher.bind(address(ports.iopub_port)),
      this.#heartbeat.bind(address(ports.hb_port)),
    ]);
    this.#publish("status", '{"execution_state":"starting"}', undefined);
    void this.#serve(this.#shell);
    void this.#serve(this.#control);
    void this.#echo();
  }

  close(): void {
    for (const socket of [this.#shell, this.#control, this.#stdin, this.#publisher, this.#heartbeat]) socket.close();
  }

  #onPublished(id: number, type: string, content: string): void {
    const pending = this.#requests.get(id);
    if (!pending) return;
    this.#streams.flush();
    this.#publish(type, content, pending.message);
  }

  #onPrinted(id: number, name: StreamName, text: string): void {
    if (this.#requests.has(id)) this.#streams.write(id, name, text);
  }

  async #serve(socket: Router): Promise<void> {
    const outbox = new Outbox(socket);
    for await (const frames of socket) {
      try {
        this.#accept({ id: ++this.#lastId, message: this.#codec.decode(frames), outbox });
      } catch (error) {
        // What is not signed or cannot be parsed is not answered.
        if (!(error instanceof Error)) throw error;
      }
    }
  }

  async #echo(): Promise<void> {
    for await (const frames of this.#heartbeat) await this.#heartbeat.send(frames);
  }

  #accept(pending: Pending): void {
    const { header, content } = pending.message;
    if (header.msg_type === "execute_request") {
      this.#queue.push(pending);
      return this.#runNext();
    }
    this.#status("busy", pending);
    if (compilerRequests.has(header.msg_type)) return void this.#answer(pending);
    switch (header.msg_type) {
      case "kernel_info_request":
        this.#reply(pending, JSON.stringify(kernelInfo(this.with_.typescriptVersion)));
        break;
      case "history_request":
        this.#reply(pending, JSON.stringify({ status: "ok", history: this.#history.select(content) }));
        break;
      case "comm_info_request":
        this.#reply(pending, '{"status":"ok","comms":{}}');
        break;
      case "comm_open":
        // The protocol's answer to a target that this kernel does not know, which is every target.
        this.#publish("comm_close", JSON.stringify({ comm_id: content.comm_id, data: {} }), pending.message);
        break;
      case "interrupt_request":
        this.session.interrupt();
        this.#reply(pending, '{"status":"ok"}');
        break;
      case "shutdown_request":
        this.#reply(pending, JSON.stringify({ status: "ok", restart: content.restart === true }));
        this.#finish(pending);
        void this.#exit(pending.outbox);
        return;
    }
    this.#finish(pending);
  }

  async #exit(outbox: Outbox): Promise<void> {
    await Promise.all([outbox.flushed(), this.#published.flushed()]);
    // zeromq has accepted the reply, and hands it to the network a moment later.
    await setTimeout(farewell);
    this.with_.exit();
  }

  async #answer(pending: Pending): Promise<void> {
    const { header, content } = pending.message;
    this.#reply(pending, await this.session.answer(header.msg_type, content));
    this.#finish(pending);
  }

  #runNext(): void {
    if (this.#running) return;
    const pending = this.#queue.shift();
    if (pending) void this.#execute(pending);
  }

  async #execute(pending: Pending): Promise<void> {
    if (this.#latest) this.#requests.delete(this.#latest.id);
    this.#running = this.#latest = pending;
    this.#requests.set(pending.id, pending);
    this.#status("busy", pending);
    const { content, abortQueue } = await this.session.execute(pending.id, pending.message.content);
    this.#streams.flush();
    this.#remember(pending, content);
    this.#reply(pending, content);
    this.#running = undefined;
    if (abortQueue) this.#abortQueue();
    this.#status("idle", pending);
    this.#runNext();
  }

  #abortQueue(): void {
    for (const pending of this.#queue.splice(0)) {
      this.#status("busy", pending);
      this.#reply(pending, '{"status":"aborted"}');
      this.#status("idle", pending);
    }
  }

  #remember({ message }: Pending, reply: string): void {
    const { code, silent, store_history } = message.content;
    if (silent === true || store_history === false) return;
    const { execution_count } = JSON.parse(reply) as { execution_count?: number };
    if (execution_count !== undefined) this.#history.add(execution_count, String(code));
  }

  #finish(pending: Pending): void {
    this.#status("idle", pending);
    // Front ends show the last status they heard of, whichever request it belongs to.
    if (this.#running) this.#status("busy", this.#running);
  }

  #status(state: "busy" | "idle", { message }: Pending): void {
    this.#publish("status", JSON.stringify({ execution_state: state }), message);
  }

  #reply({ message, outbox }: Pending, content: string): void {
    const type = message.header.msg_type.replace(/_request$/, "_reply");
    outbox.send(this.#codec.encode(type, content, message, message.identities));
  }

  #publish(type: string, content: string, parent: Message | undefined): void {
    this.#published.send(this.#codec.encode(type, content, parent, [Buffer.from(type)]));
  }
}
