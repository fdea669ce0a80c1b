// HTTP requests that outlast a busy or faltering server: retries, Retry-After, redirects that keep the token at home.
import { setTimeout as sleep } from "node:timers/promises";
import { fail } from "../errors.js";

export interface RequestOptions {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the address itself, never to another host that it redirects to. */
  readonly token?: string;
  /** Follow redirects to other hosts (default), or return the redirecting response. */
  readonly leaveHost?: boolean;
  readonly signal?: AbortSignal;
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
 * @returns the response, whatever its status besides those.
 * @throws {UnreachableError} without an answer; the signal's reason.
 * @throws InputError `DMPO_HUB_BUSY` if the server asks for more than two minutes of patience.
 */
export async function request(url: string, options: RequestOptions = {}): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted();
    const outcome = await send(url, options).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      return new UnreachableError(`${new URL(url).host}: ${reason(error)}`, { cause: error });
    });
    if (outcome instanceof Response && !BUSY.has(outcome.status)) return outcome;
    const failure = outcome instanceof Response ? describe(url, outcome) : outcome;
    if (attempt === ATTEMPTS) throw failure;
    const wait = outcome instanceof Response ? retryAfter(outcome) : undefined;
    if (wait !== undefined && wait > LONGEST_WAIT_SECONDS) {
      fail("DMPO_HUB_BUSY", url, `the server asks to wait ${Math.ceil(wait)} s`, "an answer", "run the command later");
    }
    await pause(attempt, wait, options.signal);
  }
}

/** Waits before attempt `attempt + 1`: the given seconds, else 0.25 s, 0.5 s, 1 s, ... */
export async function pause(attempt: number, seconds: number | undefined, signal?: AbortSignal): Promise<void> {
  const milliseconds = seconds === undefined ? FIRST_DELAY_MILLISECONDS * 2 ** (attempt - 1) : 1000 * seconds;
  await sleep(milliseconds, undefined, { signal });
}

/** The reason of a failed fetch, which hides in `cause`: "connect ECONNREFUSED 127.0.0.1:9". */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reason(cause.errors[0]);
  return cause instanceof Error ? reason(cause) : error.message;
}

async function send(url: string, { method, headers, token, leaveHost = true, signal }: RequestOptions) {
  const home = new URL(url).origin;
  let current = url;
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    const authorization = token && new URL(current).origin === home ? { Authorization: `Bearer ${token}` } : undefined;
    const response = await answer(current, {
      method,
      redirect: "manual",
      headers: { "Accept-Encoding": "identity", "User-Agent": "dmpo", ...headers, ...authorization },
      signal,
    });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get("Location") : null;
    if (location === null) return response;
    const next = new URL(location, current);
    if (!leaveHost && next.origin !== home) return response;
    if (new URL(current).protocol === "https:" && next.protocol !== "https:") {
      throw new Error(`redirected to ${next.origin}, which is not encrypted`);
    }
    await response.body?.cancel();
    current = next.href;
  }
  throw new Error(`more than ${REDIRECTS} redirects`);
}

/** `fetch` whose time limit covers the wait for headers, not the transfer that follows. */
async function answer(url: string, init: RequestInit): Promise<Response> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error("no answer within 30 s")), HEADERS_TIMEOUT_MILLISECONDS);
  try {
    return await fetch(url, {
      ...init,
      signal: AbortSignal.any([limit.signal, ...(init.signal ? [init.signal] : [])]),
    });
  } finally {
    clearTimeout(timer);
  }
}

function describe(url: string, response: Response): UnreachableError {
  void response.body?.cancel();
  return new UnreachableError(`${new URL(url).host} answers ${response.status} ${response.statusText}`.trim());
}

/** Seconds, given as a number or as a date. */
function retryAfter({ headers }: Response): number | undefined {
  const text = headers.get("Retry-After");
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
