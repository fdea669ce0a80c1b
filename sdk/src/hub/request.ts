// The one door to the network. Requests outlast a busy or faltering server (retries, Retry-After), the hub's token goes to the
// hub alone, and nothing that a server does makes them endless: redirects, waiting, slowness and sizes are limited.
import { request as requestPlain, type IncomingMessage } from "node:http";
import { request as requestEncrypted } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { fail, InputError } from "../errors.js";
import { Arrival } from "./arrival.js";
import { downloadTimeout, hubEndpoint, hubToken } from "./environment.js";

export interface RequestOptions {
  readonly method?: "GET" | "HEAD" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as the request's body. What changes something at the server should have one of the `attempts`. */
  readonly body?: string;
  /** Return a server's error (5xx) of the last attempt as an answer instead of throwing. Default false. */
  readonly returnsErrors?: boolean;
  /** Send the hub's token, where the address is the hub's; never after a redirect to another host. Default false. */
  readonly authorized?: boolean;
  /** Follow redirects to other hosts (default), or return the redirecting answer. */
  readonly leaveHost?: boolean;
  /** How often a busy or silent server is asked. Default 5. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
}

/** What a server said; `body` is empty for HEAD, and must be read or left (`body.leave()`) otherwise. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly body: Arrival;
}

/** The server could not be reached, or kept failing. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

const BUSY = new Set([408, 429, 500, 502, 503, 504]);
const ATTEMPTS = 5;
const FIRST_DELAY_MILLISECONDS = 250;
const LONGEST_WAIT_SECONDS = 120;
const HEADERS_TIMEOUT_MILLISECONDS = 30_000;
const REDIRECTS = 10;

/**
 * Sends a request. A busy server (408, 429, 5xx) is asked again up to five times, after Retry-After where it says so.
 * @returns the answer, whatever its status besides those.
 * @throws {UnreachableError} without an answer; the signal's reason.
 * @throws InputError `DMPO_HUB_BUSY` if the server asks for more than two minutes of patience.
 */
export async function request(url: string, options: RequestOptions = {}): Promise<Answer> {
  const { attempts = ATTEMPTS, signal } = options;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const outcome = await send(url, options).catch((error: unknown) => {
      signal?.throwIfAborted();
      if (error instanceof InputError) throw error;
      return new UnreachableError(`${new URL(url).host}: ${reason(error)}`, { cause: error });
    });
    if (!(outcome instanceof Error) && !BUSY.has(outcome.status)) return outcome;
    const isLast = attempt >= attempts;
    if (isLast && !(outcome instanceof Error) && options.returnsErrors) return outcome;
    const failure = outcome instanceof Error ? outcome : describe(url, outcome);
    if (isLast) throw failure;
    const wait = outcome instanceof Error ? undefined : retryAfter(outcome);
    if (wait !== undefined && wait > LONGEST_WAIT_SECONDS) {
      fail("DMPO_HUB_BUSY", url, `the server asks to wait ${Math.ceil(wait)} s`, "an answer", "run the command later");
    }
    await pause(attempt, wait, signal);
  }
}

/** Waits before attempt `attempt + 1`: the given seconds, else 0.25 s, 0.5 s, 1 s, ... */
export async function pause(attempt: number, seconds: number | undefined, signal?: AbortSignal): Promise<void> {
  const milliseconds = seconds === undefined ? FIRST_DELAY_MILLISECONDS * 2 ** (attempt - 1) : 1000 * seconds;
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** The reason of a failed request, which may hide in a list of attempts: "connect ECONNREFUSED 127.0.0.1:9". */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  return error.cause instanceof Error ? reason(error.cause) : error.message;
}

async function send(url: string, options: RequestOptions): Promise<Answer> {
  const { method = "GET", headers, body, authorized, leaveHost = true, signal } = options;
  const home = new URL(url).origin;
  // Once away from the hub, what comes back to it is another's request.
  let mayHaveToken = authorized === true && home === new URL(hubEndpoint()).origin;
  let current = new URL(url);
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    mayHaveToken &&= current.origin === home;
    const token = mayHaveToken ? hubToken() : undefined;
    const authorization = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
    const sent = { "Accept-Encoding": "identity", "User-Agent": "dmpo", ...headers, ...authorization };
    const answer = await exchange(current, { method, headers: sent, body, signal });
    const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get("Location") : null;
    if (location === null) return answer;
    const next = new URL(location, current);
    if (!leaveHost && next.origin !== home) return answer;
    answer.body.leave();
    if (next.protocol !== "https:" && (current.protocol === "https:" || next.protocol !== "http:")) {
      throw new Error(`redirected to ${next.protocol}//${next.host}, which is not encrypted`);
    }
    current = next;
  }
  throw new Error(`more than ${REDIRECTS} redirects`);
}

/** One request, one answer; the time limit covers the wait for headers, {@link Arrival} watches what follows. */
function exchange(
  url: URL,
  {
    body,
    ...sent
  }: Pick<RequestOptions, "body" | "signal"> & { readonly method: string; readonly headers: Record<string, string> },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === "https:" ? requestEncrypted : requestPlain;
    const exchanged = open(url, sent);
    const limit = setTimeout(() => {
      exchanged.destroy(new Error(`no answer within ${HEADERS_TIMEOUT_MILLISECONDS / 1000} s`));
    }, HEADERS_TIMEOUT_MILLISECONDS);
    exchanged.on("error", reject).on("close", () => clearTimeout(limit));
    exchanged.on("response", (message) => {
      clearTimeout(limit);
      try {
        resolve(answerOf(message));
      } catch (error) {
        exchanged.destroy();
        reject(new Error(`an answer that cannot be read: ${reason(error)}`, { cause: error }));
      }
    });
    exchanged.end(body);
  });
}

function answerOf(message: IncomingMessage): Answer {
  const body = new Arrival(message, downloadTimeout());
  const headers = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i]!, message.rawHeaders[i + 1]!);
  }
  return { status: message.statusCode!, statusText: message.statusMessage ?? "", headers, body };
}

function describe(url: string, { status, statusText, body }: Answer): UnreachableError {
  body.leave();
  return new UnreachableError(`${new URL(url).host} answers ${status} ${statusText}`.trim());
}

/** Seconds, given as a number or as a date. */
function retryAfter({ headers }: Answer): number | undefined {
  const text = headers.get("Retry-After");
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
