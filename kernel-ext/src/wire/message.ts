// Messages of the Jupyter protocol 5.4: frames on a socket <-> signed objects.
// https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
import { createHmac, getHashes, randomUUID, timingSafeEqual } from "node:crypto";

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
  readonly #key: string;
  readonly #digest: string;

  /**
   * @param connection key and signature scheme of the connection file: "hmac-" and a digest as Python names it
   * @throws Error for a scheme that this Node does not know
   */
  constructor({ key, signature_scheme = "hmac-sha256" }: { key: string; signature_scheme?: string }) {
    this.#key = key;
    this.#digest = digestOf(signature_scheme);
  }

  /** The message in `frames`; throws when the delimiter is missing or the signature is wrong. */
  decode(frames: readonly Buffer[]): Message {
    const at = frames.findIndex((frame) => frame.equals(delimiter));
    if (at < 0) throw new Error("a message without the delimiter <IDS|MSG>");
    const [signature, ...parts] = frames.slice(at + 1);
    const body = parts.slice(0, 4);
    if (this.#key !== "" && !equal(String(signature), this.#sign(body)))
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
      Buffer.from(wellFormed(part)),
    );
    return [...identities, delimiter, Buffer.from(this.#sign(body)), ...body];
  }

  #sign(parts: readonly Buffer[]): string {
    if (this.#key === "") return "";
    const hash = createHmac(this.#digest, this.#key);
    for (const part of parts) hash.update(part);
    return hash.digest("hex");
  }
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** The digest of a scheme like "hmac-sha3_256"; OpenSSL has other names for some than Python's hashlib. */
function digestOf(scheme: string): string {
  const name = /^hmac-(\w+)$/.exec(scheme)?.[1]?.toLowerCase();
  const names: Record<string, string> = { blake2b: "blake2b512", blake2s: "blake2s256" };
  const digest = name && ([names[name], name, name.replaceAll("_", "-")].find((each) => known.has(each ?? "")) ?? "");
  if (digest) return digest;
  throw new Error(
    `the connection file asks for the signature scheme ${JSON.stringify(scheme)}; expected "hmac-" and a digest, as in "hmac-sha256"`,
  );
}

const known = new Set(getHashes().map((name) => name.toLowerCase()));

/**
 * JSON text in which a half surrogate pair, which no notebook file can hold, has become the replacement character.
 * JSON.stringify writes halves, and only them, as escapes.
 */
function wellFormed(json: string): string {
  if (!json.includes("\\ud")) return json;
  return json.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|.)/g, (escape, half?: string) => (half ? "\ufffd" : escape));
}
