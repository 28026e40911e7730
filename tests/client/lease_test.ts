import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { connect } from "../../src/embed/client/connect.ts";
import { describeBothTargets, type TestContext } from "../harness/both_targets.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

describeBothTargets("Lease", (test) => {
  test("carries keys and takes them with it", async ({ server, prefix }) => {
    await using client = await connect(server.endpoint);
    {
      await using lease = await client.grantLease(60);
      await client.put(prefix, "1", { lease: lease.id });
      const times = await lease.timeToLive({ keys: true });
      assert.deepEqual(times.keys, [prefix]);
      assert.equal(times.grantedSeconds, 60);
      assert.ok(times.remainingSeconds > 50);
      assert.equal(await lease.keepAliveOnce(), 60);
      assert.deepEqual((await lease.timeToLive()).keys, []);
    }
    assert.equal(await client.get(prefix), undefined);
  });

  test("says so when there is no such lease", async ({ server, prefix }) => {
    await using client = await connect(server.endpoint);
    const lease = client.lease(99n, 60);
    const notFound = { code: GrpcCode.NotFound, message: "etcdserver: requested lease not found" };
    await assert.rejects(lease.revoke(), notFound);
    await assert.rejects(lease.keepAliveOnce(), notFound);
    await assert.rejects(lease.keepAlive(), notFound);
    await assert.rejects(client.put(prefix, "1", { lease: 99n }), notFound);
    const { remainingSeconds } = await lease.timeToLive();
    assert.equal(remainingSeconds, -1);
    await lease[Symbol.asyncDispose]();
  });

  /** These three mostly wait, so they wait together. */
  const livesOn = async ({ server, prefix }: TestContext): Promise<void> => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using keeper = await connect(proxy.endpoint);
    await using observer = await connect(server.endpoint);
    const lease = await keeper.grantLease(2);
    const ended = lease.keepAlive();
    await keeper.put(prefix, "1", { lease: lease.id });
    const disturbances = [() => proxy.cut("reset"), () => proxy.freeze(), () => proxy.cut("end")];
    for (const disturb of disturbances) {
      await sleep(600);
      disturb();
    }
    await sleep(1400);
    assert.equal((await observer.get(prefix))?.text, "1");
    assert.equal(lease.keepAlive(), ended, "it is still kept");
    await lease.revoke();
    await ended;
    assert.equal(await observer.get(prefix), undefined);
  };

  const isRevokedElsewhere = async ({ server }: TestContext): Promise<void> => {
    await using client = await connect(server.endpoint);
    const lease = await client.grantLease(2);
    const ended = assert.rejects(lease.keepAlive(), { code: GrpcCode.NotFound });
    await client.lease(lease.id, 2).revoke();
    await ended;
  };

  const isNotRenewed = async ({ server, prefix }: TestContext): Promise<void> => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using client = await connect(proxy.endpoint);
    const lease = await client.grantLease(2);
    await client.put(`${prefix}lost`, "1", { lease: lease.id });
    const ended = assert.rejects(lease.keepAlive(), {
      code: GrpcCode.Unavailable,
      message: `Cannot keep lease ${lease.id.toString(16)}: ` +
        "no renewal reached the server within its time to live",
    });
    await sleep(50);
    await proxy.refuse();
    await ended;
  };

  test("lives on over broken connections while it is kept, and is lost when it is not", (context) =>
    Promise.all([livesOn(context), isRevokedElsewhere(context), isNotRenewed(context)])
      .then(() => {}));

  test("is not revoked when the client that kept it is closed", async ({ server }) => {
    const client = await connect(server.endpoint);
    const lease = await client.grantLease(60);
    const kept = lease.keepAlive();
    await client.close();
    await kept;
    await using observer = await connect(server.endpoint);
    await using same = observer.lease(lease.id, 60);
    assert.ok((await same.timeToLive()).remainingSeconds > 0);
  });

  test("keepAliveOnce() gives up in time and when aborted", async ({ server }) => {
    await using proxy = await CuttingProxy.start(server.clientPort);
    await using client = await connect(proxy.endpoint);
    const lease = client.lease(1n, 60);
    proxy.freeze();
    await assert.rejects(lease.keepAliveOnce({ timeoutMs: 50 }), {
      code: GrpcCode.DeadlineExceeded,
    });
    const signal = AbortSignal.timeout(50);
    await assert.rejects(lease.keepAliveOnce({ signal }), { code: GrpcCode.Canceled });
  });
});
