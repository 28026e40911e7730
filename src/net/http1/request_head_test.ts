import assert from "node:assert/strict";
import { BadRequest, parseRequestHead, type RequestHead } from "./request_head.ts";

function parse(line: string, ...fields: string[]): RequestHead {
  return parseRequestHead([line, ...fields].join("\r\n"));
}

/** The status that a head is refused with. */
function refusal(line: string, ...fields: string[]): number | undefined {
  try {
    parse(line, ...fields);
    return undefined;
  } catch (error) {
    assert(error instanceof BadRequest, String(error));
    return error.status;
  }
}

const GET = "GET / HTTP/1.1";
const POST = "POST / HTTP/1.1";
const HOST = "Host: x";

Deno.test("parseRequestHead() reads a head", () => {
  const head = parse(
    "POST /v3/kv/put?x=1 HTTP/1.1",
    "Host: example.com:2379",
    "Content-Length:  12\t",
    "X-Two: a",
    "x-two: b",
    "X-Latin: caf\xe9",
    "X-Empty:",
  );
  assert.equal(head.method, "POST");
  assert.equal(head.target, "/v3/kv/put?x=1");
  assert.equal(head.authority, "example.com:2379");
  assert.equal(head.framing, 12);
  assert.equal(head.keepAlive, true);
  assert.equal(head.headers.get("x-two"), "a");
  assert.equal(head.headers.get("x-latin"), "caf\xe9");
  assert.equal(head.headers.get("x-empty"), "");
});

Deno.test("parseRequestHead() takes the host from a target that names it", () => {
  const head = parse("GET http://other:1/a?b HTTP/1.1", HOST);
  assert.deepEqual([head.authority, head.target], ["other:1", "/a?b"]);
  assert.equal(parse("GET http://other HTTP/1.1", HOST).target, "/");
  assert.equal(parse("OPTIONS * HTTP/1.1", HOST).target, "*");
  const connect = parse("CONNECT other:443 HTTP/1.1", HOST);
  assert.deepEqual([connect.authority, connect.target], ["other:443", ""]);
});

Deno.test("parseRequestHead() knows when another request may follow", () => {
  assert.equal(parse(GET, HOST, "Connection: close").keepAlive, false);
  assert.equal(parse(GET, HOST, "Connection: Upgrade, Close").keepAlive, false);
  assert.equal(parse("GET / HTTP/1.0").keepAlive, false);
  assert.equal(parse("GET / HTTP/1.0", "Connection: keep-alive").keepAlive, true);
  assert.equal(parse(GET, HOST, "Connection: keep-alive, Upgrade").upgrades, true);
});

Deno.test("parseRequestHead() refuses what two readers could understand in two ways", () => {
  const ambiguous: readonly (readonly string[])[] = [
    ["Content-Length: 5", "Content-Length: 6"],
    ["Content-Length: 5", "Content-Length: 5"],
    ["Content-Length: 5, 5"],
    ["Content-Length: +5"],
    ["Content-Length: 0x5"],
    ["Content-Length: 5 5"],
    ["Content-Length:"],
    ["Content-Length: -1"],
    ["Content-Length: 99999999999999999999"],
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding : chunked"],
    ["Content-Length : 5"],
    [" Content-Length: 5"],
    ["X: y", " Content-Length: 5"],
    ["X: y\n Content-Length: 5"],
    ["X: y\rContent-Length: 5"],
    ["X: y\nContent-Length: 5"],
    ["X: a\0b"],
    ["no colon"],
    [": no name"],
    ["N\xe4me: x"],
    ["Na(me: x"],
  ];
  for (const fields of ambiguous) {
    assert.equal(refusal(POST, HOST, ...fields), 400, fields.join(" | "));
  }
  for (const coding of ["gzip, chunked", "identity", "chunked, chunked", "xchunked", "chunked;x"]) {
    assert.equal(refusal(POST, HOST, `Transfer-Encoding: ${coding}`), 501, coding);
  }
  const twice = ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"];
  assert.equal(refusal(POST, HOST, ...twice), 501);
  assert.equal(refusal("POST / HTTP/1.0", "Transfer-Encoding: chunked"), 400);
});

Deno.test("parseRequestHead() wants exactly one sound host", () => {
  assert.equal(refusal(GET), 400);
  assert.equal(refusal(GET, HOST, HOST), 400);
  for (const host of ["a b", "a/b", "a?b", "user@host", "a, b"]) {
    assert.equal(refusal(GET, `Host: ${host}`), 400, host);
  }
  assert.equal(refusal(GET, "Host:"), undefined);
});

Deno.test("parseRequestHead() refuses request lines that are none", () => {
  const lines = ["", "GET", "GET /", "GET  / HTTP/1.1", "GET / x HTTP/1.1", "G(T / HTTP/1.1"];
  const more = ["GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET /\x01 HTTP/1.1", "GET / http/1.1"];
  const targets = ["GET x HTTP/1.1", "GET ?x HTTP/1.1", "GET ftp://x/ HTTP/1.1", "GET * HTTP/1.1"];
  for (const line of [...lines, ...more, ...targets, "GET http://a@b/ HTTP/1.1"]) {
    assert.equal(refusal(line, HOST), 400, line);
  }
  for (const version of ["0.9", "1.2", "2.0", "9.9"]) {
    assert.equal(refusal(`GET / HTTP/${version}`, HOST), 505, version);
  }
  assert.equal(refusal(GET, HOST, "Expect: nonsense"), 417);
});

Deno.test("parseRequestHead() takes no longer for a field than it is long", () => {
  const blanks = " \t".repeat(1_000_000);
  const head = parse(GET, HOST, `X-Blank:${blanks}`, `X-Long:${blanks}a${blanks}b${blanks}`);
  assert.equal(head.headers.get("x-blank"), "");
  assert.equal(head.headers.get("x-long"), `a${blanks}b`);
});
