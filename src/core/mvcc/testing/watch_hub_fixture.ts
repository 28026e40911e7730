import { Prng } from "../../../base/prng.ts";
import { WatchCreateRequest } from "../../../pb/etcdserverpb.ts";
import { WatchHub } from "../watch_hub.ts";
import { WATCH_LIMITS, type WatchLimits } from "../watch_limits.ts";
import type { WatchStream } from "../watch_stream.ts";
import { FakeLog, RecordingSink } from "./watch_fixtures.ts";

interface TestClient {
  readonly sink: RecordingSink;
  readonly stream: WatchStream;
  create(request: Partial<WatchCreateRequest>): ReturnType<WatchStream["create"]>;
  resume(room?: number): void;
  eventsOf(watchId: bigint): RecordingSink["responses"][number]["events"][number][];
}

interface Fixture {
  readonly log: FakeLog;
  readonly hub: WatchHub;
  readonly client: TestClient;
  addClient(): TestClient;
}

export function newFixture(
  limits: Partial<WatchLimits> = {},
  maxResponseBytes = 1 << 20,
): Fixture {
  const log = new FakeLog();
  const hub = new WatchHub(log, {
    maxResponseBytes,
    progressNotifyIntervalMs: 1000,
    prng: new Prng(1),
    limits: { ...WATCH_LIMITS, ...limits },
  });
  return { log, hub, client: newClient(hub), addClient: () => newClient(hub) };
}

function newClient(hub: WatchHub): TestClient {
  const sink = new RecordingSink();
  const stream = hub.openStream(sink);
  return {
    sink,
    stream,
    create: (request) => stream.create(WatchCreateRequest.create(request)),
    resume(room = Infinity) {
      sink.room = room;
      sink.blocked = false;
      stream.resume();
    },
    eventsOf: (watchId) =>
      sink.responses.filter((response) => response.watchId === watchId).flatMap((
        r,
      ) => [...r.events]),
  };
}
