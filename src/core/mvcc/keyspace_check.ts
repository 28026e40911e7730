import { assert } from "../../base/assert.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import type { Keyspace } from "./keyspace.ts";
import { ValueSlabs } from "./value_slabs.ts";

/** Verifies that index, log and values of a keyspace tell the same. */
export function checkKeyspace(keyspace: Keyspace): void {
  keyspace.index.check();
  const liveBytes = new Map<number, number>();
  const retained = new Map<number, number>();
  let storedBytes = 0;
  keyspace.log.check((change) => {
    checkChange(keyspace, change);
    const { log } = keyspace;
    const slab = log.slab(change);
    const length = log.length(change);
    liveBytes.set(slab, (liveBytes.get(slab) ?? 0) + ValueSlabs.itemBytes(length));
    retained.set(log.record(change), (retained.get(log.record(change)) ?? 0) + 1);
    storedBytes += keyspace.storedSize(change);
  });
  keyspace.values.check(liveBytes);
  assert(storedBytes === keyspace.storedBytes, "the stored bytes add up");
  checkRecords(keyspace, retained);
}

function checkChange(keyspace: Keyspace, change: number): void {
  const { log, index } = keyspace;
  const pair = keyspace.pairOf(change);
  const decoded = KeyValue.decode(pair.bytes, pair.start, pair.end);
  const main = log.main(change);
  assert(main > 1 && main <= keyspace.currentRevision, "changes are of committed revisions");
  assert(decoded.key === index.keyOf(log.record(change)), "a change is of its record's key");
  assert(decoded.modRevision === main, "a pair tells its revision");
  assert((decoded.version === 0) === log.isTombstone(change), "only tombstones have no version");
  const first = log.firstFrom(main);
  if (main >= keyspace.compactedRevision) {
    assert(first !== 0 && log.main(first) === main, "a readable revision is indexed");
  }
  const previous = log.previous(change);
  if (previous !== 0) {
    assert(log.record(previous) === log.record(change), "a history is of one key");
    assert(
      log.latestAt(change, log.main(previous)) ===
        (log.main(previous) === main ? change : previous),
      "jumps lead where steps lead",
    );
  }
}

function checkRecords(keyspace: Keyspace, retained: ReadonlyMap<number, number>): void {
  const { log, index } = keyspace;
  const { table } = index;
  assert(retained.size === table.count, "each record has a change");
  for (const [record, count] of retained) {
    assert(table.retainedChanges(record) === count, "a record counts its changes");
    const latest = table.latestChange(record);
    assert(log.record(latest) === record, "the latest change is of the record");
    assert(table.modRevision(record) === log.main(latest), "a record knows its revision");
    assert((table.version(record) === 0) === log.isTombstone(latest), "a tombstone ends a key");
    assert(
      table.slab(record) === log.slab(latest) && table.offset(record) === log.offset(latest) &&
        table.length(record) === log.length(latest),
      "record and change know the same place",
    );
    checkLatest(keyspace, record);
  }
}

function checkLatest(keyspace: Keyspace, record: number): void {
  const { table } = keyspace.index;
  const pair = keyspace.latestPair(record);
  const decoded = KeyValue.decode(pair.bytes, pair.start, pair.end);
  assert(decoded.version === table.version(record), "a record knows its version");
  assert(decoded.createRevision === table.createRevision(record), "a record knows its creation");
  assert(decoded.lease === table.lease(record), "a record knows its lease");
  assert(table.hasLease(record) === (decoded.lease !== 0n), "a record knows if it has a lease");
  assert(decoded.lease === 0n || keyspace.hasLease(decoded.lease), "leases of keys exist");
}
