// Whether the native library of ZeroMQ loads and carries messages on this machine.
import { Reply, Request, version } from "zeromq";

/** Sends one message over the loopback device and returns the version of the library. @throws what ZeroMQ reports. */
export async function exchangeOneMessage(): Promise<string> {
  const [server, client] = [new Reply({ linger: 0, receiveTimeout: 5000 }), new Request({ linger: 0 })];
  try {
    await server.bind("tcp://127.0.0.1:*");
    client.connect(server.lastEndpoint!);
    await client.send("ping");
    const [received] = await server.receive();
    if (received?.toString() !== "ping") throw new Error("a message over 127.0.0.1 arrived changed");
    return `libzmq ${version}`;
  } finally {
    client.close();
    server.close();
  }
}
