import assert from "node:assert/strict";
import { corsHeaders, wrapCors } from "./cors.ts";

const METHODS = "POST, GET, OPTIONS, PUT, DELETE";
const HEADERS = "accept, content-type, authorization";

/** What a browser looks for in a response. */
function allowed(response: Response): (string | null)[] {
  return ["methods", "origin", "headers"].map((what) =>
    response.headers.get(`access-control-allow-${what}`)
  );
}

function requestFrom(origin: string, method = "GET"): Request {
  return new Request("http://localhost/", { method, headers: { origin } });
}

Deno.test("corsHeaders() allows all by the star when none or the star is listed", () => {
  for (const origins of [[], ["*"], ["http://a", "*"]]) {
    const fields = corsHeaders(new Set(origins), undefined);
    assert.deepEqual(fields.map(([, value]) => value), [METHODS, "*", HEADERS]);
  }
});

Deno.test("corsHeaders() allows an origin by its name, and no other", () => {
  const origins = new Set(["http://a"]);
  assert.deepEqual(corsHeaders(origins, "http://a")[1], [
    "access-control-allow-origin",
    "http://a",
  ]);
  assert.deepEqual(corsHeaders(origins, "http://b"), []);
  assert.deepEqual(corsHeaders(origins, undefined), []);
});

Deno.test("wrapCors() adds the headers to what the handler answers", async () => {
  const handler = wrapCors(["http://a"], () => {
    return new Response("body", { status: 201, headers: { "x-own": "1" } });
  });
  const response = await handler(requestFrom("http://a"));
  assert.deepEqual([response.status, response.headers.get("x-own")], [201, "1"]);
  assert.equal(await response.text(), "body");
  assert.deepEqual(allowed(response), [METHODS, "http://a", HEADERS]);
  assert.deepEqual(allowed(await handler(requestFrom("http://b"))), [null, null, null]);
});

Deno.test("wrapCors() answers OPTIONS itself", async () => {
  let calls = 0;
  const handler = wrapCors([], () => {
    calls++;
    return new Response("body");
  });
  const response = await handler(requestFrom("http://a", "OPTIONS"));
  assert.deepEqual([response.status, await response.text(), calls], [200, "", 0]);
  assert.deepEqual(allowed(response), [METHODS, "*", HEADERS]);
});

Deno.test("wrapCors() throws what the handler throws", async () => {
  const handler = wrapCors([], () => Promise.reject(new Error("broken")));
  await assert.rejects(async () => await handler(requestFrom("http://a")), /broken/);
});
