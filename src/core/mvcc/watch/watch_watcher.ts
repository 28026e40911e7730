import { type HeapItem, NOT_IN_HEAP } from "../../../base/heap.ts";
import { Writer } from "../../../pb/writer.ts";
import type { WatchGroup } from "./watch_group.ts";
import type { WatchStreamState, WatchTarget } from "./watch_stream.ts";

/** Tag of `WatchResponse.watch_id`. */
const WATCH_ID_TAG = 0x10;

/** Where a watcher stands. */
export const WatcherState = {
  /** Has everything up to the hub's revision and is a member of its group. */
  SYNCED: 0,
  /** Has missed something, or wants history; is one of its stream's laggards. */
  LAGGING: 1,
  /** Waits for a revision that the store has not reached. */
  FUTURE: 2,
  CANCELED: 3,
} as const;

/** One watch of one stream. */
export class Watcher implements WatchTarget, HeapItem {
  readonly id: bigint;
  readonly idField: Uint8Array;
  readonly stream: WatchStreamState;
  readonly group: WatchGroup;
  readonly fragment: boolean;
  readonly progressNotify: boolean;
  state: number = WatcherState.CANCELED;
  /** The first revision not yet delivered, while lagging or waiting for the future. */
  nextRevision = 0;
  /** Where it stands in its group's members or in its stream's laggards. */
  position = -1;
  /** Whether it got nothing since the last progress notification of its stream. */
  quiet = true;
  heapKey = 0;
  heapIndex = NOT_IN_HEAP;

  constructor(
    id: bigint,
    stream: WatchStreamState,
    group: WatchGroup,
    options: { readonly fragment: boolean; readonly progressNotify: boolean },
  ) {
    this.id = id;
    this.idField = encodeIdField(id);
    this.stream = stream;
    this.group = group;
    this.fragment = options.fragment;
    this.progressNotify = options.progressNotify;
  }
}

/** Appends a watcher to a list in which watchers know their positions. */
export function addWatcher(list: Watcher[], watcher: Watcher): void {
  watcher.position = list.length;
  list.push(watcher);
}

/** Takes a watcher out of such a list; the last one takes its place. */
export function removeWatcher(list: Watcher[], watcher: Watcher): void {
  const last = list.pop();
  if (last === undefined || last === watcher) return;
  list[watcher.position] = last;
  last.position = watcher.position;
}

const idWriter = new Writer();

/** The field as canonical protobuf has it: nothing for 0. */
function encodeIdField(id: bigint): Uint8Array {
  idWriter.reset();
  if (id !== 0n) {
    idWriter.tag(WATCH_ID_TAG);
    idWriter.int64(id);
  }
  return idWriter.finish();
}
