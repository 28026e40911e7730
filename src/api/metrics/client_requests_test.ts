import assert from "node:assert/strict";
import { Metadata } from "../../net/grpc/metadata.ts";
import { GrpcMethod } from "../../net/grpc/method.ts";
import type { ObservedHead } from "../../net/grpc/observer.ts";
import { ClientRequests } from "./client_requests.ts";
import { METRICS_LIMITS } from "./limits.ts";

const UNARY = new GrpcMethod("/etcdserverpb.KV/Put", "unary");
const STREAM = new GrpcMethod("/etcdserverpb.Watch/Watch", "bidi_stream");

function headOf(version: string | undefined): ObservedHead {
  const metadata = new Metadata();
  if (version !== undefined) metadata.add("client-api-version", version);
  return { metadata, observerMemo: undefined };
}

function countsOf(requests: ClientRequests): Record<string, number> {
  return Object.fromEntries(
    Array.from(requests.all, ({ type, version, count }) => [`${type} ${version}`, count]),
  );
}

Deno.test("ClientRequests counts by kind of call and version", () => {
  const requests = new ClientRequests();
  const head = headOf("3.7");
  requests.started(UNARY, head);
  requests.started(UNARY, head);
  requests.started(UNARY, headOf("3.7"));
  requests.started(STREAM, headOf("3.7"));
  requests.started(UNARY, headOf(undefined));
  assert.deepEqual(countsOf(requests), { "unary 3.7": 3, "stream 3.7": 1, "unary unknown": 1 });
});

Deno.test("ClientRequests tells no more than so many versions apart", () => {
  const requests = new ClientRequests();
  const { clientVersions, clientVersionCharacters } = METRICS_LIMITS;
  requests.started(UNARY, headOf("x".repeat(clientVersionCharacters + 1)));
  for (let i = 0; i < clientVersions + 10; i++) requests.started(UNARY, headOf(`v${i}`));
  const counts = countsOf(requests);
  assert.equal(Object.keys(counts).length, clientVersions + 1);
  assert.equal(counts["unary other"], 11);
});
