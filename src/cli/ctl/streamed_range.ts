import { limitedWait } from "../../embed/client/limited_wait.ts";
import type { Transport } from "../../embed/client/transport/transport.ts";
import { RangeRequest, RangeResponse, RangeStreamResponse } from "../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../pb/services.ts";
import type { CommandContext } from "./context.ts";
import { untilReached } from "./until_reached.ts";

/** Reads a range that the server sends in pieces, and puts it together again. */
export async function streamedRange(
  context: CommandContext,
  request: RangeRequest,
): Promise<RangeResponse> {
  const { transport, clock } = await context.session();
  return await untilReached(context, (timeoutMs) => {
    return limitedWait(collect(transport, request), clock, { timeoutMs });
  });
}

function collect(transport: Transport, request: RangeRequest): Promise<RangeResponse> {
  const whole = RangeResponse.create();
  const { promise, resolve, reject } = Promise.withResolvers<RangeResponse>();
  const stream = transport.stream(KV_SERVICE.rangeStream.path, {
    message(bytes) {
      try {
        const { rangeResponse } = RangeStreamResponse.decode(bytes);
        if (rangeResponse !== undefined) append(whole, rangeResponse);
      } catch (error) {
        reject(error);
        stream.cancel();
      }
    },
    closed: (error) => error === undefined ? resolve(whole) : reject(error),
  });
  stream.send(RangeRequest.encode(request));
  stream.halfClose();
  return promise;
}

/** Header, count and whether there is more stand in the last piece only. */
function append(whole: RangeResponse, { header, kvs, more, count }: RangeResponse): void {
  for (const kv of kvs) whole.kvs.push(kv);
  whole.header = header ?? whole.header;
  whole.more ||= more;
  whole.count += count;
}
