import assert from "node:assert/strict";
import { camelCase, constantCase } from "./names.ts";

Deno.test("camelCase() takes an acronym for a word", () => {
  const names: Record<string, string> = {
    ID: "id",
    TTL: "ttl",
    range_end: "rangeEnd",
    memberID: "memberId",
    member_ID: "memberId",
    NodeID: "nodeId",
    peerURLs: "peerUrls",
    client_urls: "clientUrls",
    grantedTTL: "grantedTtl",
    remaining_TTL: "remainingTtl",
    RemainingTTL: "remainingTtl",
    dbSizeInUse: "dbSizeInUse",
    HashKV: "hashKv",
    LeaseTimeToLiveRequest: "leaseTimeToLiveRequest",
    v2: "v2",
    logTerm: "logTerm",
  };
  for (const [name, expected] of Object.entries(names)) assert.equal(camelCase(name), expected);
});

Deno.test("constantCase() joins the same words by underscores", () => {
  assert.equal(constantCase("PutRequest"), "PUT_REQUEST");
  assert.equal(constantCase("HashKVResponse"), "HASH_KV_RESPONSE");
  assert.equal(constantCase("KV"), "KV");
  assert.equal(constantCase("ConfChangeV2"), "CONF_CHANGE_V2");
});
