import { assert } from "../../base/assert.ts";
import { KeyValue } from "../../pb/mvccpb.ts";
import { keyFieldSize } from "./key_value_encoding.ts";
import type { Keyspace } from "./keyspace.ts";
import { NO_SLAB } from "./revision_log.ts";
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
    if (slab !== NO_SLAB) {
      const before = liveBytes.get(slab) ?? 0;
      liveBytes.set(slab, before + ValueSlabs.itemBytes(log.length(change)));
    }
    retained.set(log.record(change), (retained.get(log.record(change)) ?? 0) + 1);
    storedBytes += keyspace.storedSize(change);
  });
  keyspace.values.check(liveBytes);
  assert(storedBytes === keyspace.storedBytes, "the stored bytes add up");
  checkRecords(keyspace, retained);
  checkFeed(keyspace);
}

/** What the file was given comes first in the log, and the rest is to be handed over. */
function checkFeed(keyspace: Keyspace): void {
  const { log, feed } = keyspace;
  let givenChanges = 0;
  let givenBytes = 0;
  for (let change = log.oldest; change !== feed.next(); change = log.next(change)) {
    assert(change !== 0, "the next change to hand over is in the log");
    givenChanges++;
    givenBytes += keyspace.storedSize(change);
  }
  assert(givenChanges === feed.givenChanges, "the feed counts what it has given");
  assert(givenBytes === feed.givenBytes, "the feed knows the size of what it has given");
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
  assert(!log.isTombstone(change) || log.slab(change) === NO_SLAB, "tombstones need no bytes");
  const storedLength = log.isTombstone(change)
    ? keyFieldSize(decoded.key.length)
    : pair.end - pair.start;
  assert(log.length(change) === storedLength, "a change knows the size of what is stored");
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
  const pair = table.version(record) === 0
    ? keyspace.pairOf(table.latestChange(record))
    : keyspace.latestPair(record);
  const decoded = KeyValue.decode(pair.bytes, pair.start, pair.end);
  assert(decoded.version === table.version(record), "a record knows its version");
  assert(decoded.createRevision === table.createRevision(record), "a record knows its creation");
  assert(decoded.lease === table.lease(record), "a record knows its lease");
  assert(table.hasLease(record) === (decoded.lease !== 0n), "a record knows if it has a lease");
}
