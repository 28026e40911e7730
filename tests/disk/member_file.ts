import { bytesFromText } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import type { BackendBatch } from "../../src/disk/backend/backend_batch.ts";
import { AlarmMember, AlarmType } from "../../src/pb/etcdserverpb.ts";
import { KeyValue } from "../../src/pb/mvccpb.ts";
import { ConfState } from "../../src/pb/raftpb.ts";
import { ctlText } from "../harness/etcdctl.ts";
import { freePorts } from "../harness/server_process.ts";
import { byKey, LEASE_ID, writeFile } from "./etcd_backend.ts";

interface Place {
  readonly main: number;
  readonly sub: number;
  readonly tombstone: boolean;
}

/** What a member would have its file say. */
class MemberModel {
  readonly live = new Map<string, KeyValue>();
  readonly #places = new Map<string, Place>();
  #superseded: Place[] = [];

  put(batch: BackendBatch, main: number, sub: number, fields: Partial<KeyValue>): void {
    const { key = "" } = fields;
    const before = this.live.get(key);
    const kv = KeyValue.create({
      ...fields,
      createRevision: before?.createRevision ?? main,
      modRevision: main,
      version: (before?.version ?? 0) + 1,
    });
    this.#change(batch, { main, sub, tombstone: false }, key, KeyValue.encode(kv));
    this.live.set(key, kv);
  }

  delete(batch: BackendBatch, main: number, sub: number, key: string): void {
    const place = { main, sub, tombstone: true };
    this.#change(batch, place, key, KeyValue.encode(KeyValue.create({ key })));
    this.#superseded.push(place);
    this.live.delete(key);
    this.#places.delete(key);
  }

  /** Everything up to now. */
  compact(batch: BackendBatch, revision: number): void {
    for (const { main, sub, tombstone } of this.#superseded) {
      batch.removeChange(main, sub, tombstone);
    }
    this.#superseded = [];
    batch.setScheduledCompactRevision(revision);
    batch.setFinishedCompactRevision(revision);
  }

  #change(batch: BackendBatch, place: Place, key: string, bytes: Uint8Array): void {
    const { main, sub, tombstone } = place;
    batch.putChange(main, sub, tombstone, bytes, 0, bytes.length);
    const before = this.#places.get(key);
    if (before !== undefined) this.#superseded.push(before);
    this.#places.set(key, place);
  }
}

/** Some changes of one revision. */
function changeSome(
  model: MemberModel,
  batch: BackendBatch,
  main: number,
  prng: Prng,
): void {
  const keys = new Set(
    Array.from({ length: prng.between(1, 4) }, () => `k${prng.between(0, 700)}`),
  );
  let sub = 0;
  for (const key of keys) {
    if (model.live.has(key) && prng.chance(0.3)) {
      model.delete(batch, main, sub++, key);
      continue;
    }
    const value = bytesFromText("v".repeat(prng.chance(0.01) ? 9000 : prng.between(0, 300)));
    model.put(batch, main, sub++, { key, value, lease: prng.chance(0.1) ? LEASE_ID : 0n });
  }
}

export async function writeMemberFile(path: string, lastRevision: number): Promise<KeyValue[]> {
  const prng = new Prng(3);
  const model = new MemberModel();
  for (let main = 2; main <= lastRevision;) {
    await writeFile(path, (batch) => {
      if (main > 2) model.compact(batch, main - 1);
      const end = Math.min(main + 250, lastRevision + 1);
      for (; main < end; main++) changeSome(model, batch, main, prng);
      putState(batch, main);
    });
  }
  return byKey(model.live.values());
}

function putState(batch: BackendBatch, index: number): void {
  batch.setConsistentIndex(index, 2);
  batch.setConfState(ConfState.create({ voters: [77n] }));
  batch.setStorageVersion("3.6.0");
  batch.setClusterVersion("3.4.0");
  batch.putLease({ id: LEASE_ID, ttlSeconds: 4711, remainingTtlSeconds: 1000 });
  batch.putLease({ id: 3n, ttlSeconds: 100, remainingTtlSeconds: 0 });
  batch.deleteLease(3n);
  batch.replaceAlarms([AlarmMember.create({ memberId: 77n, alarm: AlarmType.NOSPACE })]);
}

/** Has etcd make a data directory of a file, as for a backup without a checksum. */
export async function restore(path: string, dataDir: string): Promise<void> {
  const [peerPort] = await freePorts(1);
  const peer = `http://127.0.0.1:${peerPort}`;
  await ctlText([
    ...["snapshot", "restore", path, `--data-dir=${dataDir}`, "--skip-hash-check"],
    ...["--name=default", `--initial-cluster=default=${peer}`],
    `--initial-advertise-peer-urls=${peer}`,
  ]);
}
