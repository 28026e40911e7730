import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { connect } from "../../src/embed/client/connect.ts";
import { ClientError } from "../../src/embed/client/client_error.ts";
import { describeBothTargets } from "../harness/both_targets.ts";
import { freePorts } from "../harness/server_process.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

describeBothTargets("connect()", (test) => {
  test("goes in turn to the servers that can be reached", async ({ server, prefix }) => {
    await using first = await CuttingProxy.start(server.clientPort);
    await using second = await CuttingProxy.start(server.clientPort);
    const [port] = await freePorts(1);
    const endpoints = [first.endpoint, `127.0.0.1:${port}`, second.endpoint];
    await using client = await connect(endpoints);
    await client.put(prefix, "1");
    for (const [lost, other] of [[first, second], [second, first], [first, second]]) {
      await lost.refuse();
      assert.equal((await client.get(prefix))?.text, "1");
      for (let i = 0; i < 5; i++) await client.put(prefix, "1");
      await lost.accept();
      let before = 0;
      const count = () => lost.connectionCount + other.connectionCount;
      for (before = count(); count() === before; await sleep(5)) await client.get(prefix);
    }
  });

  test("makes a write fail once when the connection breaks before the answer", async (context) => {
    const { server, prefix } = context;
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using client = await connect(proxy.endpoint);
    await using observer = await connect(server.endpoint);
    const version = async () => (await observer.get(prefix))?.version;
    for (const [i, how] of (["reset", "end"] as const).entries()) {
      await client.get(prefix);
      proxy.holdAnswers();
      const put = client.put(prefix, "1").catch((error) => error);
      while (await version() !== i + 1) await sleep(5);
      proxy.cut(how);
      const error = await put;
      assert.ok(error instanceof ClientError);
      assert.equal(error.code, GrpcCode.Unavailable, error.message);
    }
    await client.get(prefix);
    assert.equal(await version(), 2, "neither of the writes was made again");
  });

  test("makes a read again when the connection breaks before the answer", async (context) => {
    const { server, prefix } = context;
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using client = await connect(proxy.endpoint);
    await client.put(prefix, "1");
    let cuts = 0;
    proxy.onServerData = () => {
      if (cuts++ < 2) proxy.cut();
    };
    assert.equal((await client.get(prefix))?.text, "1");
    assert.ok(cuts > 2 && proxy.connectionCount === 3);
  });

  test("has calls wait for a server that comes back", async ({ server, prefix }) => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using client = await connect(proxy.endpoint);
    await client.put(prefix, "1");
    await proxy.refuse();
    // The client has to notice before it can wait.
    await assert.rejects(client.put(prefix, "2", { timeoutMs: 300 }));
    const write = client.put(prefix, "3", { timeoutMs: 8000 });
    const read = client.get(prefix, { timeoutMs: 8000 });
    await sleep(100);
    await proxy.accept();
    await Promise.all([write, read]);
    assert.equal((await client.get(prefix))?.text, "3");
  });

  test("gives up in time when the server falls silent", async ({ server, prefix }) => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using client = await connect(proxy.endpoint);
    proxy.freeze();
    await assert.rejects(client.put(prefix, "1", { timeoutMs: 100 }), {
      code: GrpcCode.DeadlineExceeded,
      message: "context deadline exceeded",
    });
  });

  test("notices a dead connection by its own probes", async ({ server, prefix }) => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    const options = { keepAliveTimeMs: 100, keepAliveTimeoutMs: 100 };
    await using client = await connect(proxy.endpoint, options);
    proxy.freeze();
    await assert.rejects(client.put(prefix, "1"), { code: GrpcCode.Unavailable });
    await client.put(prefix, "2");
  });

  test("gives up a call that is aborted", async ({ server, prefix }) => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using client = await connect(proxy.endpoint);
    proxy.freeze();
    const timeout = AbortSignal.timeout(50);
    const error = await client.put(prefix, "1", { signal: timeout }).catch((error) => error);
    assert.ok(error instanceof ClientError);
    assert.equal(error.code, GrpcCode.Canceled);
    assert.equal(error.cause, timeout.reason);
    const early = client.get(prefix, { signal: AbortSignal.abort() });
    await assert.rejects(early, { code: GrpcCode.Canceled });
  });

  test("ends everything when the client is closed", async ({ server, prefix }) => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    const client = await connect(proxy.endpoint);
    const lease = await client.grantLease(60);
    const kept = lease.keepAlive();
    const watch = client.watch(prefix);
    await watch.created;
    const waiting = watch.next();
    proxy.freeze();
    const put = assert.rejects(client.put(prefix, "1"), { code: GrpcCode.Canceled });
    await client.close();
    await put;
    assert.equal((await waiting).done, true);
    await kept;
    await assert.rejects(client.get(prefix), { code: GrpcCode.Canceled });
    assert.equal((await client.watch(prefix).next()).done, true);
    await client.close();
  });

  test("ends a wait for a connection when the client is closed", async ({ server, prefix }) => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    const client = await connect(proxy.endpoint, { dialTimeoutMs: 20_000 });
    await proxy.refuse();
    await client.put(prefix, "1", { timeoutMs: 200 }).catch(() => {});
    const put = assert.rejects(client.put(prefix, "1"), { code: GrpcCode.Canceled });
    await client.close();
    await put;
  });
});

Deno.test("connect() rejects with the reason when nobody listens", async () => {
  const [port] = await freePorts(1);
  await assert.rejects(connect(`http://127.0.0.1:${port}`, { dialTimeoutMs: 200 }), {
    code: GrpcCode.Unavailable,
    message: `Cannot connect to http://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
  });
});

Deno.test("connect() rejects when what listens does not speak HTTP/2", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) accepted.push(connection);
  })();
  const endpoint = `127.0.0.1:${listener.addr.port}`;
  await assert.rejects(connect(endpoint, { dialTimeoutMs: 200 }), { code: GrpcCode.Unavailable });
  listener.close();
  for (const connection of accepted) connection.close();
  await accepting;
});

Deno.test("connect() refuses an address that is none, and no address at all", async () => {
  await assert.rejects(connect("not an address"), TypeError);
  await assert.rejects(connect([]), TypeError);
});
