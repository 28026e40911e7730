import assert from "node:assert/strict";
import { HeaderList } from "../hpack/header_list.ts";
import { checkRequest, checkTrailers } from "./request_check.ts";
import { REQUEST } from "./testing/frames.ts";

const PSEUDO = [":method", "POST", ":scheme", "http", ":path", "/p"];

function list(...fields: string[]): HeaderList {
  return new HeaderList(fields, false);
}

const GOOD: Record<string, string[]> = {
  "of gRPC": [...REQUEST],
  "without authority": PSEUDO,
  "with OPTIONS *": [":method", "OPTIONS", ":scheme", "http", ":path", "*"],
  "with CONNECT": [":method", "CONNECT", ":authority", "a:1"],
  "with te: Trailers": [...PSEUDO, "te", "Trailers"],
  "with an empty value": [...PSEUDO, "x", ""],
  "with latin1 in a value": [...PSEUDO, "x", "\xe9\xff"],
  "with a token's odd characters": [...PSEUDO, "!#$%&'*+-.^_`|~09az", "1"],
  "with content-length twice the same": [...PSEUDO, "content-length", "3", "content-length", "3"],
};

const BAD: Record<string, string[]> = {
  "no :method": [":scheme", "http", ":path", "/p"],
  "empty :method": [":method", "", ":scheme", "http", ":path", "/p"],
  "no :scheme": [":method", "GET", ":path", "/p"],
  "no :path": [":method", "GET", ":scheme", "http"],
  "empty :path": [":method", "GET", ":scheme", "http", ":path", ""],
  "relative :path": [":method", "GET", ":scheme", "http", ":path", "p"],
  "GET *": [":method", "GET", ":scheme", "http", ":path", "*"],
  "CONNECT with :path": [":method", "CONNECT", ":authority", "a:1", ":path", "/"],
  "CONNECT without :authority": [":method", "CONNECT"],
  "twice :path": [...PSEUDO, ":path", "/q"],
  "a response's pseudo field": [...PSEUDO, ":status", "200"],
  "an unknown pseudo field": [...PSEUDO, ":protocol", "websocket"],
  "a late pseudo field": ["x", "1", ...PSEUDO],
  "line feed in :path": [":method", "GET", ":scheme", "http", ":path", "/a\nb"],
  "capitals in a name": [...PSEUDO, "Content-Type", "a"],
  "a blank in a name": [...PSEUDO, "a b", "1"],
  "an empty name": [...PSEUDO, "", "1"],
  "a colon in a name": [...PSEUDO, "a:b", "1"],
  "latin1 in a name": [...PSEUDO, "\xe9", "1"],
  "NUL in a value": [...PSEUDO, "x", "a\0b"],
  "CR in a value": [...PSEUDO, "x", "a\rb"],
  "a blank before a value": [...PSEUDO, "x", " a"],
  "a tab behind a value": [...PSEUDO, "x", "a\t"],
  "connection": [...PSEUDO, "connection", "close"],
  "keep-alive": [...PSEUDO, "keep-alive", "1"],
  "proxy-connection": [...PSEUDO, "proxy-connection", "close"],
  "transfer-encoding": [...PSEUDO, "transfer-encoding", "chunked"],
  "upgrade": [...PSEUDO, "upgrade", "h2c"],
  "te: gzip": [...PSEUDO, "te", "gzip"],
  "te: trailers, gzip": [...PSEUDO, "te", "trailers, gzip"],
  "content-length with a sign": [...PSEUDO, "content-length", "-1"],
  "empty content-length": [...PSEUDO, "content-length", ""],
  "endless content-length": [...PSEUDO, "content-length", "9".repeat(16)],
  "content-length twice": [...PSEUDO, "content-length", "3", "content-length", "4"],
};

Deno.test("checkRequest() accepts requests that are well formed", () => {
  for (const [name, fields] of Object.entries(GOOD)) {
    assert.equal(checkRequest(list(...fields)).problem, undefined, name);
  }
});

Deno.test("checkRequest() finds what is malformed", () => {
  for (const [name, fields] of Object.entries(BAD)) {
    assert.notEqual(checkRequest(list(...fields)).problem, undefined, name);
  }
});

Deno.test("checkRequest() reads content-length", () => {
  assert.equal(checkRequest(list(...PSEUDO)).contentLengthBytes, -1);
  assert.equal(checkRequest(list(...PSEUDO, "content-length", "0")).contentLengthBytes, 0);
  assert.equal(checkRequest(list(...PSEUDO, "content-length", "042")).contentLengthBytes, 42);
});

Deno.test("checkRequest() gives the same answer for the same list without looking again", () => {
  const headers = list(...REQUEST);
  assert.equal(checkRequest(headers), checkRequest(headers));
});

Deno.test("checkTrailers() refuses pseudo fields and what no field may be", () => {
  assert.equal(checkTrailers(list("x", "1")), undefined);
  assert.notEqual(checkTrailers(list("x", "1", ":path", "/")), undefined);
  assert.notEqual(checkTrailers(list("X", "1")), undefined);
  assert.notEqual(checkTrailers(list("connection", "close")), undefined);
});
