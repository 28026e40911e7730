import type { Change, KeyValueRef } from "./change.ts";
import { KeyValueFields } from "./key_value_encoding.ts";
import type { Keyspace } from "./keyspace.ts";
import { STORE_LIMITS } from "./limits.ts";

const fields = new KeyValueFields();

/** A change of the log as watches see it; one object shows them all in turn. */
class VisitedChange implements Change {
  readonly #keyspace: Keyspace;
  #change = 0;
  /** Made when first asked for. */
  #key: string | undefined;
  #keyValue: KeyValueRef | undefined;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  at(change: number): this {
    this.#change = change;
    this.#key = undefined;
    this.#keyValue = undefined;
    return this;
  }

  get revision(): number {
    return this.#keyspace.log.main(this.#change);
  }

  get key(): string {
    this.#key ??= this.#keyspace.index.keyOf(this.#keyspace.log.record(this.#change));
    return this.#key;
  }

  get deleted(): boolean {
    return this.#keyspace.log.isTombstone(this.#change);
  }

  get keyValue(): KeyValueRef {
    this.#keyValue ??= this.#keyspace.pairOf(this.#change);
    return this.#keyValue;
  }

  get created(): boolean {
    if (this.deleted) return false;
    fields.read(this.keyValue);
    return fields.version === 1;
  }

  /** As etcd does, this reads the revision before, which may be compacted even if the pair is there. */
  previous(): KeyValueRef | undefined {
    const { log } = this.#keyspace;
    const revision = this.revision - 1;
    if (revision < this.#keyspace.compactedRevision) return undefined;
    const change = log.latestAt(log.previous(this.#change), revision);
    return change === 0 || log.isTombstone(change) ? undefined : this.#keyspace.pairOf(change);
  }
}

type Visit = (change: Change) => boolean;

/** Visits changes in order until a revision in which `visit` returned false is over. */
export function scanLog(keyspace: Keyspace, from: number, to: number, visit: Visit): void {
  const { log } = keyspace;
  const visited = new VisitedChange(keyspace);
  let last = to;
  for (
    let change = firstRetained(keyspace, from);
    change !== 0 && log.main(change) <= last;
    change = log.next(change)
  ) {
    if (!visit(visited.at(change))) last = log.main(change);
  }
}

/** The same for the keys of a range. */
export function scanRange(
  keyspace: Keyspace,
  key: string,
  rangeEnd: string,
  from: number,
  to: number,
  visit: Visit,
): void {
  if (followsHistories(keyspace, key, rangeEnd, from, to)) {
    scanHistories(keyspace, key, rangeEnd, from, to, visit);
    return;
  }
  scanLog(keyspace, from, to, (change) => {
    const changedKey = change.key;
    const inside = rangeEnd === ""
      ? changedKey === key
      : changedKey >= key && (rangeEnd === "\0" || changedKey < rangeEnd);
    return inside ? visit(change) : true;
  });
}

/** The range's keys are few, measured by the changes that would have to be looked through. */
function followsHistories(
  keyspace: Keyspace,
  key: string,
  rangeEnd: string,
  from: number,
  to: number,
): boolean {
  if (rangeEnd === "") return true;
  const keys = keyspace.rankOfEnd(rangeEnd) - keyspace.index.tree.rank(key);
  const revisions = Math.min(to, keyspace.currentRevision) - from;
  return keys * STORE_LIMITS.scannedChangesPerKey < revisions;
}

function scanHistories(
  keyspace: Keyspace,
  key: string,
  rangeEnd: string,
  from: number,
  to: number,
  visit: Visit,
): void {
  const { log, index } = keyspace;
  const first = Math.max(from, keyspace.compactedRevision);
  const changes: number[] = [];
  for (const record of keyspace.records(key, rangeEnd)) {
    let change = log.latestAt(index.table.latestChange(record), to);
    for (; change !== 0 && log.main(change) >= first; change = log.previous(change)) {
      changes.push(change);
    }
  }
  changes.sort((a, b) => log.main(a) - log.main(b) || log.sub(a) - log.sub(b));
  visitInOrder(keyspace, changes, visit);
}

function visitInOrder(keyspace: Keyspace, changes: readonly number[], visit: Visit): void {
  const { log } = keyspace;
  const visited = new VisitedChange(keyspace);
  let last = Infinity;
  for (const change of changes) {
    if (log.main(change) > last) break;
    if (!visit(visited.at(change))) last = log.main(change);
  }
}

/** Below the compacted revision changes are missing, so none of them is shown. */
function firstRetained(keyspace: Keyspace, from: number): number {
  return keyspace.log.firstFrom(Math.max(from, keyspace.compactedRevision, 0));
}
