import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { withDirectory } from "../base/testing/with_directory.ts";
import { GrpcCode } from "../base/grpc_code.ts";
import { parseUrlList } from "../base/url_list.ts";
import { Client as GrpcClient, credentials } from "../deps/grpc_js.ts";
import { connect } from "./client/connect.ts";
import { ClientError } from "./client/client_error.ts";
import { GrpcServer } from "../net/grpc/server.ts";
import { type Config, newConfig } from "./config/config.ts";
import { NotBuiltError } from "./config/errors.ts";
import { ConfigError } from "./config/errors.ts";
import { startEtcd } from "./etcd.ts";
import { newMemoryConfig } from "./memory_config.ts";
import { ListenError } from "./serving.ts";

/** A server with a data directory and a free port. */
function diskConfig(directory: string): Config {
  const config = newMemoryConfig();
  config.memoryOnly = false;
  config.dir = join(directory, "data");
  return config;
}

async function fetchText(url: string, init?: RequestInit): Promise<[number, string]> {
  const response = await fetch(url, init);
  return [response.status, await response.text()];
}

Deno.test("startEtcd() serves the same data in the process and over the network", async () => {
  await using etcd = await startEtcd(newMemoryConfig());
  await using local = etcd.client();
  await using remote = await connect(etcd.clientUrl);
  await local.put("a", "1");
  assert.equal((await remote.get("a"))?.text, "1");
  await remote.put("b", "2");
  assert.equal((await local.get("b"))?.text, "2");
  assert.equal(etcd.server.revision(), 3);
});

Deno.test("startEtcd() keeps what was put over a restart", async () => {
  await withDirectory(async (directory) => {
    let memberId: bigint;
    {
      await using etcd = await startEtcd(diskConfig(directory));
      await using client = etcd.client();
      await client.put("a", "1");
      memberId = etcd.server.memberId();
    }
    await using etcd = await startEtcd(diskConfig(directory));
    await using client = etcd.client();
    assert.equal((await client.get("a"))?.text, "1");
    assert.equal(etcd.server.memberId(), memberId);
    assert.ok(Deno.statSync(join(directory, "data", "member", "wal")).isDirectory);
  });
});

Deno.test("startEtcd() runs several servers in one process that know nothing of each other", async () => {
  const servers = await Promise.all([1, 2, 3].map(() => startEtcd(newMemoryConfig())));
  try {
    const ports = new Set(servers.map((etcd) => etcd.clients[0].port));
    assert.equal(ports.size, 3);
    for (const [i, etcd] of servers.entries()) await etcd.client().put("a", String(i));
    for (const [i, etcd] of servers.entries()) {
      assert.equal((await etcd.client().get("a"))?.text, String(i));
      const [status, metrics] = await fetchText(`${etcd.clientUrl}/metrics`);
      assert.equal(status, 200);
      assert.match(metrics, /^etcd_mvcc_put_total 1$/m, "each server counts its own puts");
    }
  } finally {
    await Promise.all(servers.map((etcd) => etcd.close()));
  }
});

Deno.test("startEtcd() serves its own process without any listener", async () => {
  const config = newMemoryConfig();
  config.listenClientUrls = [];
  await using etcd = await startEtcd(config);
  assert.deepEqual([etcd.clientUrl, etcd.clients.length], ["", 0]);
  await using client = etcd.client();
  await client.put("a", "1");
  assert.equal((await client.get("a"))?.text, "1");
});

Deno.test("Etcd advertises the port that it really has", async () => {
  await using etcd = await startEtcd(newMemoryConfig());
  await using client = etcd.client();
  const [member] = await client.members();
  assert.deepEqual(member.clientUrls, [etcd.clientUrl]);
  assert.equal(member.id, etcd.server.memberId());
});

Deno.test("Etcd.config() is a copy", async () => {
  const config = newMemoryConfig();
  await using etcd = await startEtcd(config);
  config.name = "changed";
  assert.equal(etcd.config().name, "default");
  etcd.config().name = "changed";
  assert.equal(etcd.config().name, "default");
});

Deno.test("Etcd.close() may be called before the server is ready, and more than once", async () => {
  const etcd = await startEtcd(newMemoryConfig());
  await Promise.all([etcd.close(), etcd.close()]);
  await assert.rejects(fetch(`${etcd.clientUrl}/health`));
  await etcd.server.stopNotify();
  await etcd.server.stoppingNotify();
  for await (const error of etcd.err()) assert.fail(String(error));
});

Deno.test("Etcd.close() ends watches and keep-alives that would never end by themselves", async () => {
  const etcd = await startEtcd(newMemoryConfig());
  const remote = await connect(etcd.clientUrl);
  const local = etcd.client();
  // The one over the network looks for its server until it is canceled.
  const [distant, near] = [remote.watch("a"), local.watch("a")];
  for (const watch of [distant, near]) await watch.created;
  const lease = await local.grantLease(60);
  const kept = lease.keepAlive().catch(() => {});
  await etcd.close();
  await assert.rejects(near.next(), { code: GrpcCode.Canceled });
  await distant.cancel();
  await kept;
  await remote.close();
});

Deno.test("Etcd.err() tells why a server stopped by itself, and the listeners are closed", async () => {
  const config = newMemoryConfig();
  const defect = new Error("a defect of an embedder's service");
  config.serviceRegister = (server) => {
    const raw: unknown = server;
    assert.ok(raw instanceof GrpcServer);
    raw.addUnary("/broken.Broken/Break", () => {
      throw defect;
    });
  };
  const etcd = await startEtcd(config);
  const client = new GrpcClient(etcd.clients[0].address, credentials.createInsecure());
  const identity = (bytes: Buffer) => bytes;
  const failed = new Promise((resolve) => {
    client.makeUnaryRequest("/broken.Broken/Break", identity, identity, Buffer.alloc(0), resolve);
  });
  const errors: Error[] = [];
  for await (const error of etcd.err()) errors.push(error);
  assert.deepEqual(errors, [defect]);
  assert.ok(await failed);
  client.close();
  // By itself, without anybody calling close().
  await assert.rejects(async () => {
    for (let i = 0; i < 1_000; i++) await fetchText(`${etcd.clientUrl}/health`);
  });
  await etcd.close();
});

Deno.test("Etcd calls of a closed server fail with a clear error", async () => {
  const etcd = await startEtcd(newMemoryConfig());
  const client = etcd.client();
  await client.put("a", "1");
  await etcd.close();
  await assert.rejects(client.put("a", "2"), ClientError);
});

Deno.test("Etcd.server.stop() stops the member, and the listeners follow", async () => {
  const etcd = await startEtcd(newMemoryConfig());
  await etcd.server.readyNotify();
  await etcd.server.stop();
  await etcd.close();
  await assert.rejects(fetch(`${etcd.clientUrl}/health`));
});

Deno.test("startEtcd() rejects with a ConfigError for tokens that cannot be, and leaves nothing", async () => {
  const config = newMemoryConfig();
  config.authToken = "jwt,sign-method=RS256";
  await assert.rejects(startEtcd(config), (error) => {
    assert.ok(error instanceof ConfigError, String(error));
    assert.match(error.message, /^auth: missing key data/);
    return true;
  });
});

Deno.test("startEtcd() rejects with a ListenError when a port is taken, and leaves nothing", async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  const address = blocker.address();
  const port = typeof address === "object" ? address?.port : 0;
  try {
    await withDirectory(async (directory) => {
      const config = diskConfig(directory);
      const taken = `http://127.0.0.1:${port}`;
      config.listenClientUrls = parseUrlList(`http://127.0.0.1:0,${taken}`);
      await assert.rejects(startEtcd(config), (error: unknown) => {
        assert.ok(error instanceof ListenError);
        assert.match(error.message, new RegExp(`Cannot listen on ${taken}: .*EADDRINUSE`));
        return true;
      });
      assert.deepEqual([...Deno.readDirSync(directory)], [], "the disk was not touched");
    });
  } finally {
    await new Promise((resolve) => blocker.close(resolve));
  }
});

Deno.test("startEtcd() refuses a second server on the same data directory", async () => {
  await withDirectory(async (directory) => {
    await using first = await startEtcd(diskConfig(directory));
    await first.server.readyNotify();
    await assert.rejects(startEtcd(diskConfig(directory)), /another server is running on it/);
    await using client = first.client();
    await client.put("a", "1");
  });
});

Deno.test("startEtcd() refuses what is not built yet", async () => {
  const cluster = newMemoryConfig();
  cluster.initialCluster = "default=http://localhost:2380,other=http://localhost:12380";
  await assert.rejects(startEtcd(cluster), NotBuiltError);
});

Deno.test("startEtcd() refuses an initial cluster without this member, in etcd's words", async () => {
  const config = newMemoryConfig();
  config.initialCluster = "other=http://localhost:2380";
  await assert.rejects(
    startEtcd(config),
    { message: `couldn't find local name "default" in the initial cluster configuration` },
  );
});

Deno.test("startEtcd() refuses a data directory whose backend it cannot read", async () => {
  await withDirectory(async (directory) => {
    const config = diskConfig(directory);
    await Deno.mkdir(join(config.dir, "member", "snap"), { recursive: true });
    await Deno.writeTextFile(join(config.dir, "member", "snap", "db"), "a B-tree");
    await assert.rejects(startEtcd(config), /snap\/db at byte 0: neither of its meta pages/);
  });
});

Deno.test("Config.userHandlers answer on the client port", async () => {
  const config = newMemoryConfig();
  config.userHandlers.set("/hello", (request) => new Response(`${request.method} hello`));
  config.userHandlers.set(
    "/echo/",
    async (request) => new Response(await request.text(), { status: 201 }),
  );
  config.userHandlers.set("/broken", () => {
    throw new Error("a defect of the embedder");
  });
  await using etcd = await startEtcd(config);
  await etcd.server.readyNotify();
  assert.deepEqual(await fetchText(`${etcd.clientUrl}/hello`), [200, "GET hello"]);
  const posted = { method: "POST", body: "body" };
  assert.deepEqual(await fetchText(`${etcd.clientUrl}/echo/deep/path`, posted), [201, "body"]);
  assert.equal((await fetchText(`${etcd.clientUrl}/broken`))[0], 500);
  assert.equal((await fetchText(`${etcd.clientUrl}/health`))[0], 200);
  assert.equal((await fetchText(`${etcd.clientUrl}/nothing`))[0], 404);
});

Deno.test("Config.serviceRegister adds the embedder's own gRPC service", async () => {
  const identity = (bytes: Uint8Array) => new TextEncoder().encode(new TextDecoder().decode(bytes));
  const config = newMemoryConfig();
  config.serviceRegister = (server) => {
    server.addService({
      Say: {
        path: "/greeter.Greeter/Say",
        requestStream: false,
        responseStream: false,
        requestSerialize: identity,
        requestDeserialize: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
        responseSerialize: (text: string) => new TextEncoder().encode(text),
        responseDeserialize: identity,
      },
    }, {
      Say: (
        call: { request: string },
        callback: (error: Error | null, answer: string) => void,
      ) => callback(null, `hello ${call.request}`),
    });
  };
  await using etcd = await startEtcd(config);
  const client = new GrpcClient(etcd.clients[0].address, credentials.createInsecure());
  const answer = await new Promise<string>((resolve, reject) => {
    client.makeUnaryRequest(
      "/greeter.Greeter/Say",
      (text: string) => Buffer.from(text),
      (bytes) => bytes.toString(),
      "world",
      (error, text) => error ? reject(error) : resolve(text ?? ""),
    );
  });
  client.close();
  assert.equal(answer, "hello world");
});

Deno.test("startEtcd() leaves nothing when Config.serviceRegister throws", async () => {
  await withDirectory(async (directory) => {
    const config = diskConfig(directory);
    const defect = new Error("a defect of the embedder");
    config.serviceRegister = () => {
      throw defect;
    };
    await assert.rejects(startEtcd(config), defect);
    config.serviceRegister = undefined;
    await using etcd = await startEtcd(config);
    await etcd.server.readyNotify();
  });
});

Deno.test("Config.listenClientHttpUrls takes HTTP away from the client URLs", async () => {
  const config = newMemoryConfig();
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  const address = blocker.address();
  const port = typeof address === "object" ? address?.port : 0;
  await new Promise((resolve) => blocker.close(resolve));
  config.listenClientHttpUrls = parseUrlList(`http://127.0.0.1:${port}`);
  await using etcd = await startEtcd(config);
  await etcd.server.readyNotify();
  await using client = await connect(etcd.clientUrl);
  await client.put("a", "1");
  assert.equal((await fetchText(`http://127.0.0.1:${port}/health`))[0], 200);
  await assert.rejects(fetch(`${etcd.clientUrl}/health`));
  const range = { method: "POST", body: '{"key":"YQ=="}' };
  const [status, text] = await fetchText(`http://127.0.0.1:${port}/v3/kv/range`, range);
  assert.deepEqual([status, JSON.parse(text).count], [200, "1"]);
  await using other = await connect(`http://127.0.0.1:${port}`);
  await assert.rejects(other.put("a", "2"));
});

Deno.test("startEtcd() refuses one address for gRPC alone and for HTTP alone, in etcd's words", async () => {
  const config = newMemoryConfig();
  config.listenClientUrls = parseUrlList("http://127.0.0.1:23790");
  config.listenClientHttpUrls = config.listenClientUrls;
  await assert.rejects(
    startEtcd(config),
    new ConfigError(
      "cannot bind both --listen-client-urls and --listen-client-http-urls on the same url " +
        "http://127.0.0.1:23790",
    ),
  );
});

Deno.test("newConfig() starts a server with etcd's defaults but for what is changed", async () => {
  await withDirectory(async (directory) => {
    const config = newConfig();
    config.dir = join(directory, "n1.etcd");
    config.name = "n1";
    config.initialCluster = config.initialClusterFromName("n1");
    config.listenClientUrls = parseUrlList("http://127.0.0.1:0");
    config.advertiseClientUrls = parseUrlList("http://n1.example:2379");
    await using etcd = await startEtcd(config);
    await using client = etcd.client();
    const [member] = await client.members();
    assert.deepEqual([member.name, member.clientUrls], ["n1", ["http://n1.example:2379"]]);
    const status = await client.status();
    assert.equal(status.version, "3.7.1");
    assert.deepEqual([status.leader, status.errors], [member.id, []]);
  });
});
