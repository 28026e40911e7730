import { textFromBytes } from "../../src/base/bytes.ts";
import type { KeyValue } from "../../src/pb/mvccpb.ts";
import { type Event, EventType } from "../../src/pb/mvccpb.ts";
import type { GrpcClient } from "../harness/grpc_client.ts";
import { range, revisionOf } from "../harness/kv_calls.ts";
import { WatchClient } from "../harness/watch_calls.ts";

/** One state of a key: from one change up to the next. */
interface KeyState {
  readonly from: number;
  /** The revision that ended the state; Infinity: it lasts. */
  readonly to: number;
  /** Undefined: the key was not there. */
  readonly pair: KeyValue | undefined;
}

/** Whatever happened to keys, as a watch past all proxies has told it. */
export class KeyHistories {
  readonly #states = new Map<string, KeyState[]>();

  /** Reads what has happened to all keys with a prefix, from the first change on. */
  static async readAll(client: GrpcClient, prefix: string): Promise<KeyHistories> {
    const last = revisionOf(await range(client, prefix));
    const watch = new WatchClient(client);
    await watch.createPrefix(prefix, { startRevision: 1 });
    const events: Event[] = [];
    for (;;) {
      // The answer stands behind all events before it.
      watch.requestProgress();
      const response = await watch.next();
      events.push(...response.events);
      if (response.events.length === 0 && revisionOf(response) >= last) break;
    }
    return new KeyHistories(events);
  }

  constructor(events: readonly Event[]) {
    const changes = Map.groupBy(events, ({ kv }) => kv?.key ?? "");
    for (const [key, ofKey] of changes) {
      const revisions = ofKey.map(({ kv }) => kv?.modRevision ?? 0);
      const states: KeyState[] = [{ from: 0, to: revisions[0], pair: undefined }];
      ofKey.forEach(({ type, kv }, i) => {
        const to = revisions[i + 1] ?? Infinity;
        states.push({ from: revisions[i], to, pair: type === EventType.DELETE ? undefined : kv });
      });
      this.#states.set(key, states);
    }
  }

  /** The states of a key, the first of which is that it was not there yet. */
  of(key: string): readonly KeyState[] {
    return this.#states.get(key) ?? [{ from: 0, to: Infinity, pair: undefined }];
  }

  /** The state that a revision began; undefined: it changed something else. */
  begunAt(key: string, revision: number): KeyState | undefined {
    return this.of(key).find(({ from }) => from === revision);
  }

  /** What a key was at a revision. */
  at(key: string, revision: number): KeyState | undefined {
    return this.of(key).find(({ from, to }) => from <= revision && revision < to);
  }

  /**
   * The first state that has this pair and lasted beyond a revision; undefined: a read that began when
   * that revision was known must not have seen it.
   */
  seen(
    key: string,
    pair: KeyValue | undefined,
    floorRevision: number,
    isSame: (a: KeyValue, b: KeyValue) => boolean,
  ): KeyState | undefined {
    return this.of(key).find((state) => {
      if (state.to <= floorRevision) return false;
      if (state.pair === undefined || pair === undefined) return state.pair === pair;
      return isSame(state.pair, pair);
    });
  }
}

/** All there is to see of a pair, for the message of a failed test. */
export function textOf(pair: KeyValue | undefined): string {
  if (pair === undefined) return "nothing";
  const { createRevision, modRevision, version, value } = pair;
  return `${textFromBytes(value)} (${createRevision}, ${modRevision}, version ${version})`;
}
