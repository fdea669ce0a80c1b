// Messages of the Jupyter protocol 5.4: frames on a socket <-> signed objects.
// https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly version: string;
}

/** A message as received: routing identities and parsed parts. */
export interface Message {
  readonly identities: readonly Buffer[];
  readonly header: Header;
  readonly content: Readonly<Record<string, unknown>>;
}

const delimiter = Buffer.from("<IDS|MSG>");
const protocolVersion = "5.4";

/** Signs and parses messages with the key of one connection file; an empty key means unsigned. */
export class MessageCodec {
  readonly #session = randomUUID();

  constructor(private readonly key: string) {}

  /** The message in `frames`; throws when the delimiter is missing or the signature is wrong. */
  decode(frames: readonly Buffer[]): Message {
    const at = frames.findIndex((frame) => frame.equals(delimiter));
    if (at < 0) throw new Error("a message without the delimiter <IDS|MSG>");
    const [signature, ...parts] = frames.slice(at + 1);
    const body = parts.slice(0, 4);
    if (this.key !== "" && !equal(String(signature), this.#sign(body)))
      throw new Error("a message with a wrong signature");
    const [header, , , content] = body.map((part) => JSON.parse(part.toString("utf8")) as unknown);
    return {
      identities: frames.slice(0, at),
      header: header as Header,
      content: content as Readonly<Record<string, unknown>>,
    };
  }

  /** Frames of a new message. `content` is JSON text; `parent` is absent for messages that no request caused. */
  encode(type: string, content: string, parent: Message | undefined, identities: readonly Buffer[]): Buffer[] {
    const header: Header = {
      msg_id: randomUUID(),
      msg_type: type,
      session: this.#session,
      username: parent?.header.username ?? "kernel",
      date: new Date().toISOString(),
      version: protocolVersion,
    };
    const body = [JSON.stringify(header), JSON.stringify(parent?.header ?? {}), "{}", content].map((part) =>
      Buffer.from(part),
    );
    return [...identities, delimiter, Buffer.from(this.#sign(body)), ...body];
  }

  #sign(parts: readonly Buffer[]): string {
    if (this.key === "") return "";
    const hash = createHmac("sha256", this.key);
    for (const part of parts) hash.update(part);
    return hash.digest("hex");
  }
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
