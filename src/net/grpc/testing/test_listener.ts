import { once } from "node:events";
import net from "node:net";
import { Http2Connection } from "../../http2/connection.ts";
import { remoteEndOf } from "../../remote_end.ts";
import { Http2Context } from "../../http2/context.ts";
import type { GrpcServer } from "../server.ts";

/** A server on a port of its own. */
interface TestListener {
  readonly port: number;
  close(): Promise<void>;
}

export async function listen(server: GrpcServer): Promise<TestListener> {
  const context = new Http2Context({ handler: server });
  const connections = new Set<Http2Connection>();
  const listener = net.createServer((socket) => {
    const connection = new Http2Connection(
      socket,
      remoteEndOf(socket),
      context,
      () => connections.delete(connection),
    );
    connections.add(connection);
    connection.start();
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  return {
    port: address.port,
    async close() {
      for (const connection of connections) connection.destroy();
      server.close();
      listener.close();
      await once(listener, "close");
    },
  };
}
