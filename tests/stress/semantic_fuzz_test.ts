import assert from "node:assert/strict";
import { inspect } from "node:util";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { Prng } from "../../src/base/prng.ts";
import { ETCD_ERRORS } from "../../src/core/errors.ts";
import { RangeRequest, RangeResponse } from "../../src/pb/etcdserverpb.ts";
import { KV_SERVICE, LEASE_SERVICE, WATCH_SERVICE } from "../../src/pb/services.ts";
import { ServerProcess } from "../harness/server_process.ts";
import { whyMissing } from "../harness/targets.ts";
import { type ExtremeRequest, ExtremeRequests } from "./extreme_requests.ts";
import { FuzzTarget } from "./fuzz_target.ts";
import { Http2Session, message, type StreamAnswer } from "./http2_session.ts";

const SEED = 3_000_001;
const BATCHES = 100;
const REQUESTS_IN_BATCH = 100;

const COMPARED_SEEDS: readonly number[] = [1, 2, 3, 4];
const COMPARED_REQUESTS = 800;
/** What a server takes on a stream before it gives more window; the session does not wait for it. */
const DEFAULT_WINDOW_BYTES = 65_535;

const WATCH = WATCH_SERVICE.watch.path;

Deno.test("every well-formed request is answered, and replayed, however extreme it is", async () => {
  const target = await FuzzTarget.start();
  try {
    const prng = new Prng(SEED);
    for (let batch = 0; batch < BATCHES; batch++) {
      const session = await Http2Session.open(target.port);
      // The revisions need not be right here, only near.
      const world = { revision: batch * 20, compactedRevision: batch };
      const requests = new ExtremeRequests(prng, world, { knownEnumsOnly: false });
      for (let i = 0; i < REQUESTS_IN_BATCH; i++) send(session, requests.next());
      await session.until("all are answered", () => {
        return [...session.answers.values()].every(isAnswered);
      });
      await session.close();
      if (batch % 10 === 9) await target.check();
    }
    const before = await everything(target.port);
    await target.server.kill();
    await target.server.restart();
    assert.deepEqual(await everything(target.port), before, "the log says the same again");
  } finally {
    await target.stop();
  }
});

/** All pairs at the newest revision, and that revision. */
async function everything(port: number): Promise<unknown> {
  const session = await Http2Session.open(port);
  const request = RangeRequest.create({ key: "\0", rangeEnd: "\0" });
  const answer = session.request(KV_SERVICE.range.path, {
    body: message(RangeRequest.encode(request)),
  });
  await session.untilAllOver();
  await session.close();
  const { header, kvs } = RangeResponse.decode(answer.messages[0]);
  assert.ok(kvs.length > 0);
  return { revision: header?.revision, kvs };
}

function send(session: Http2Session, { path, bytes }: ExtremeRequest): StreamAnswer {
  return session.request(path, { body: message(bytes), endStream: path !== WATCH });
}

/** A watch goes on behind its first answer; all others end with a status. */
function isAnswered(answer: StreamAnswer): boolean {
  return answer.grpcStatus !== undefined || answer.path === WATCH && answer.messages.length > 0;
}

/** What a server made of a request, in a form that can be compared. */
interface Outcome {
  readonly code: number | undefined;
  readonly text: string;
  /** Of the first message; undefined if there is none. */
  readonly response: Record<string, unknown> | undefined;
}

interface AnyCodec {
  decode(bytes: Uint8Array): object;
}

const RESPONSES: ReadonlyMap<string, AnyCodec> = new Map(
  [...Object.values(KV_SERVICE), ...Object.values(LEASE_SERVICE), WATCH_SERVICE.watch]
    .map(({ path, response }) => [path, response]),
);

async function ask(session: Http2Session, request: ExtremeRequest): Promise<Outcome> {
  const answer = send(session, request);
  await session.until("there is an answer", () => isAnswered(answer));
  if (!answer.over) session.reset(answer);
  session.answers.delete(answer.id);
  const [first] = answer.messages;
  return {
    code: answer.grpcStatus,
    text: answer.grpcMessage,
    response: first === undefined ? undefined : decodeResponse(request.path, first),
  };
}

/** Leaves out what differs by chance: who answers, the time that is left, the order of a Go map. */
function decodeResponse(path: string, bytes: Uint8Array): Record<string, unknown> {
  const codec = RESPONSES.get(path);
  assert.ok(codec !== undefined, `${path} is known`);
  const fields: Record<string, unknown> = { ...codec.decode(bytes) };
  fields.header = { revision: revisionOf(fields.header) };
  if (typeof fields.ttl === "number") fields.ttl = Math.sign(fields.ttl);
  if (Array.isArray(fields.keys)) fields.keys.sort();
  return fields;
}

function revisionOf(header: unknown): number {
  assert.ok(typeof header === "object" && header !== null && "revision" in header);
  return Number(header.revision);
}

/** Where detcd means to answer otherwise than etcd 3.4 does, by the answer that it gives. */
const DELIBERATE: readonly { readonly why: string; isSo(ours: Outcome): boolean }[] = [
  {
    why: "etcd takes a watch from a negative revision for one from now on, until 3.6",
    isSo: ({ response }) => response?.cancelReason === ETCD_ERRORS.compacted.message,
  },
  {
    why: "etcd follows transactions however deep they nest before it counts them",
    isSo: ({ text }) => text.endsWith("messages nest too deep"),
  },
];

for (const seed of COMPARED_SEEDS) {
  Deno.test({
    name: `extreme requests get the same answers as from etcd, seed ${seed}`,
    ignore: whyMissing("etcd") !== undefined,
    fn: () => compareWithEtcd(seed),
  });
}

async function compareWithEtcd(seed: number): Promise<void> {
  const servers = [await ServerProcess.start("etcd"), await ServerProcess.start("detcd")];
  try {
    const [theirs, ours] = await Promise.all(
      servers.map((server) => Http2Session.open(server.clientPort)),
    );
    const prng = new Prng(seed);
    const world = { revision: 1, compactedRevision: 0 };
    const requests = new ExtremeRequests(prng, world, { knownEnumsOnly: true });
    const differences = new Set<string>();
    for (let i = 0; i < COMPARED_REQUESTS; i++) {
      const request = requests.next();
      if (request.bytes.length > DEFAULT_WINDOW_BYTES / 2) continue;
      const our = await ask(ours, request);
      const their = await ask(theirs, request);
      const deliberate = DELIBERATE.find(({ isSo }) => isSo(our));
      if (deliberate !== undefined) differences.add(deliberate.why);
      else assert.deepEqual(our, their, `request ${i}: ${inspect(request, { depth: 20 })}`);
      noteRevisions(world, request, our);
    }
    assert.equal(differences.size, DELIBERATE.length, "every difference on the list was seen");
    await Promise.all([theirs.close(), ours.close()]);
  } finally {
    for (const server of servers) await server.dispose();
  }
}

function noteRevisions(
  world: { revision: number; compactedRevision: number },
  request: ExtremeRequest,
  { code, response }: Outcome,
): void {
  if (response !== undefined) world.revision = revisionOf(response.header);
  if (request.path === KV_SERVICE.compact.path && code === GrpcCode.OK) {
    world.compactedRevision = Number(request.fields.revision);
  }
}
