// Starts the kernel as Jupyter would and asks it who it is (Jupyter messaging protocol 5.3, "Kernel info").
import { spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dealer } from "zeromq";
import { kernelspec } from "../index.js";

const patience = 30_000;
const delimiter = "<IDS|MSG>";

/** Starts a kernel, waits for its kernel_info_reply, ends it; says what answered and after how long. @throws where none answers. */
export async function probeKernel(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "dmpo-doctor-"));
  const key = randomUUID();
  const ports = await freePorts(5);
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports;
  const address = { ip: "127.0.0.1", transport: "tcp", signature_scheme: "hmac-sha256", key };
  const connectionFile = join(folder, "connection.json");
  await writeFile(
    connectionFile,
    JSON.stringify({ ...address, shell_port, iopub_port, stdin_port, control_port, hb_port }),
  );
  const { argv, env } = kernelspec();
  const [program, ...parameters] = argv.map((part) => part.replace("{connection_file}", connectionFile));
  const started = performance.now();
  const child = spawn(program!, parameters, { cwd: folder, env: { ...process.env, ...env }, stdio: "ignore" });
  const ended = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the kernel ended with code ${code} before it answered`)));
  });
  const shell = new Dealer({ linger: 0, receiveTimeout: patience });
  try {
    shell.connect(`tcp://127.0.0.1:${shell_port}`);
    await shell.send(request("kernel_info_request", key));
    const frames = await Promise.race([shell.receive(), ended]);
    const content = JSON.parse(frames.at(-1)!.toString()) as { implementation: string; language_info: Language };
    const { name, version } = content.language_info;
    return `${content.implementation} with ${name} ${version}, answers after ${Math.round(performance.now() - started)} ms`;
  } finally {
    shell.close();
    child.removeAllListeners();
    child.kill("SIGKILL");
    ended.catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
}

interface Language {
  readonly name: string;
  readonly version: string;
}

/** The frames of a signed message without content. */
function request(type: string, key: string): string[] {
  const header = {
    msg_id: randomUUID(),
    msg_type: type,
    session: randomUUID(),
    username: "doctor",
    date: new Date().toISOString(),
    version: "5.3",
  };
  const parts = [header, {}, {}, {}].map((part) => JSON.stringify(part));
  const signature = createHmac("sha256", key).update(parts.join("")).digest("hex");
  return [delimiter, signature, ...parts];
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
