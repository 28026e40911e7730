import { Buffer } from "node:buffer";
import { connect, createServer, type Socket } from "node:net";
import { LeaseKeepAliveRequest } from "../../src/pb/etcdserverpb.ts";
import { LEASE_SERVICE, MAINTENANCE_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../harness/grpc_client.ts";
import { deleteRange, put, putOp, range, rangePrefix, txn } from "../harness/kv_calls.ts";
import { WatchClient } from "../harness/watch_calls.ts";

/** What a client does for the record. */
type Work = (client: GrpcClient) => Promise<unknown>;

const WORK: readonly Work[] = [
  (client) => put(client, "recorded", "value"),
  (client) => rangePrefix(client, "rec", { limit: 5 }),
  (client) => put(client, "large", "x".repeat(40_000)),
  (client) => txn(client, { success: [putOp("a", "b"), putOp("c", "d")] }),
  (client) => deleteRange(client, "recorded"),
  (client) => client.call(MAINTENANCE_SERVICE.status, {}),
  (client) => client.call(LEASE_SERVICE.leaseGrant, { ttl: 60, id: 99n }),
  async (client) => {
    for (let i = 0; i < 20; i++) await put(client, `many/${i}`, String(i));
    await range(client, "many/3");
  },
  async (client) => {
    const watch = new WatchClient(client);
    await watch.createPrefix("many/");
    await put(client, "many/1", "again");
    await watch.events(1);
    watch.cancel(0n);
    await watch.next();
  },
  async (client) => {
    const stream = client.open(LEASE_SERVICE.leaseKeepAlive);
    for (let i = 0; i < 3; i++) {
      stream.send(LeaseKeepAliveRequest.create({ id: 99n }));
      await stream.next();
    }
    stream.halfClose();
    await stream.ended;
  },
];

/** What grpc-js sends to a server when it does all sorts of things, a recording for each. */
export async function recordSessions(port: number): Promise<Buffer[]> {
  const recordings: Buffer[] = [];
  for (const work of WORK) recordings.push(await record(port, work));
  return recordings;
}

/** Lets a client work through a relay that keeps what the client sends. */
async function record(port: number, work: Work): Promise<Buffer> {
  const sent: Buffer[] = [];
  const sockets = new Set<Socket>();
  const relay = createServer((client) => {
    const server = connect(port, "127.0.0.1");
    for (const [from, to] of [[client, server], [server, client]]) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    client.on("data", (chunk: Buffer) => {
      sent.push(chunk);
      server.write(chunk);
    });
    server.on("data", (chunk: Buffer) => client.write(chunk));
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const address = relay.address();
  if (address === null || typeof address === "string") throw new Error("no port given");
  const grpcClient = new GrpcClient(`127.0.0.1:${address.port}`);
  try {
    await work(grpcClient);
  } finally {
    await grpcClient.close();
    const closed = new Promise((resolve) => relay.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  return Buffer.concat(sent);
}
