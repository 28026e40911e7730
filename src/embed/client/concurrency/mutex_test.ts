import assert from "node:assert/strict";
import { systemClock } from "../../../base/clock.ts";
import { GrpcCode } from "../../../base/grpc_code.ts";
import { KV_SERVICE, LEASE_SERVICE } from "../../../pb/services.ts";
import { startEtcd } from "../../etcd.ts";
import { newMemoryConfig } from "../../memory_config.ts";
import { Client } from "../client.ts";
import { ClientError } from "../client_error.ts";
import { limitedWait } from "../limited_wait.ts";
import { connectTransport, type NetworkTransport } from "../transport/network_transport.ts";
import type {
  CallOptions,
  StreamListener,
  StreamOptions,
  Transport,
  TransportStream,
} from "../transport/transport.ts";

/** A network on which some calls fare badly, as a test wants it. */
class BadNetwork implements Transport {
  /** What becomes of the answer to a call before the client gets it. */
  fate: (path: string) => Promise<void> = () => Promise.resolve();
  readonly #network: NetworkTransport;

  constructor(network: NetworkTransport) {
    this.#network = network;
  }

  async unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const answer = this.#network.unary(path, request).then(async (bytes) => {
      await this.fate(path);
      return bytes;
    });
    return await limitedWait(answer, systemClock, options);
  }

  stream(path: string, listener: StreamListener, options?: StreamOptions): TransportStream {
    return this.#network.stream(path, listener, options);
  }

  close(): Promise<void> {
    return this.#network.close();
  }
}

async function withBadNetwork(
  body: (bad: Client, network: BadNetwork, good: Client) => Promise<void>,
): Promise<void> {
  await using etcd = await startEtcd(newMemoryConfig());
  await using good = etcd.client();
  const network = new BadNetwork(await connectTransport(etcd.clientUrl));
  await using bad = new Client(network);
  await body(bad, network, good);
}

/** Waits until so many keys are in the queue of the lock. */
async function untilQueued(client: Client, wanted: number): Promise<void> {
  const queueLength = async () =>
    (await client.range("m/", { prefix: true, countOnly: true })).count;
  for (let i = 0; i < 1_000 && await queueLength() !== wanted; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(await queueLength(), wanted);
}

const TOO_LATE = { code: GrpcCode.DeadlineExceeded };

Deno.test("Mutex.tryLock() leaves nothing in the queue when its answer comes too late", () =>
  withBadNetwork(async (bad, network, good) => {
    await using session = await bad.session();
    const late = Promise.withResolvers<void>();
    network.fate = (path) => path === KV_SERVICE.txn.path ? late.promise : Promise.resolve();
    await assert.rejects(session.mutex("m").tryLock({ timeoutMs: 50 }), TOO_LATE);
    await untilQueued(good, 1);
    late.resolve();
    await untilQueued(good, 0);
  }));

Deno.test("Mutex.tryLock() leaves no lease when somebody else holds the lock", () =>
  withBadNetwork(async (bad, _, good) => {
    await using _held = await good.lock("m");
    const leases = await good.leases();
    assert.equal(await bad.tryLock("m"), undefined);
    assert.deepEqual(await good.leases(), leases);
  }));

Deno.test("Mutex.lock() tells why it gave up even if its session cannot be ended", () =>
  withBadNetwork(async (bad, network, good) => {
    await using _held = await good.lock("m");
    network.fate = (path) =>
      path === LEASE_SERVICE.leaseRevoke.path
        ? Promise.reject(new ClientError(GrpcCode.Unavailable, "the network is down"))
        : Promise.resolve();
    await assert.rejects(bad.lock("m", { timeoutMs: 50 }), TOO_LATE);
    network.fate = () => Promise.resolve();
  }));
