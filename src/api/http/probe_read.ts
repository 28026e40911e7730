import { RangeRequest } from "../../pb/etcdserverpb.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";

/** Any key will do: what matters is whether it can be read. */
const PROBE = RangeRequest.create({ key: "a", limit: 1, keysOnly: true });

/**
 * Reads from the store as a client would: as it is, or once it is confirmed that nothing newer was
 * acknowledged elsewhere. Rejects with what a client would be told.
 */
export async function probeRead(server: EtcdServer, isSerializable: boolean): Promise<void> {
  const { store, config: { clock }, counts: { ranges } } = server;
  const requestedMs = clock.monotonicMs();
  if (!isSerializable) {
    await new Promise<void>((ready, failed) => server.whenReadable({ ready, failed })).catch(
      (error: unknown) => {
        ranges.gaveUp(requestedMs);
        throw error;
      },
    );
  }
  const startedMs = clock.monotonicMs();
  store.range(PROBE);
  ranges.add(true, requestedMs, startedMs);
}
