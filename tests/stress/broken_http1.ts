import { Buffer } from "node:buffer";
import type { Prng } from "../../src/base/prng.ts";
import { cut, withBrokenBytes } from "./broken_bytes.ts";
import type { Input } from "./fuzz_target.ts";

const METHODS = ["GET", "GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
const ODD_METHODS = ["", "get", "G\0T", "GET GET", "X".repeat(300), "Ü"];
const TARGETS = [
  ...["/health", "/metrics", "/version", "/", "*", "/health?serializable=true"],
  ...["/v3/kv/put", "/v3/kv/range", "/v3/watch", "/v3/lease/keepalive", "/v3/nothing"],
];
const ODD_TARGETS = [
  "/../../../../etc/passwd",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/..%2f..%2fetc%2fpasswd",
  "/health/../metrics",
  "//etc/passwd",
  "//[",
  "/\\..\\..\\etc\\passwd",
  "/%",
  "/%zz%00",
  "/\0",
  "/health\u00ff",
  "http://127.0.0.1/health",
  "http://[::1",
  "https://example.com:99999/",
  "file:///etc/passwd",
  "127.0.0.1:443",
  "",
  "health",
  "?",
  "/?" + "a=b&".repeat(2_000),
  "/" + "a/../".repeat(3_000),
  "/" + "x".repeat(70_000),
];
const ODD_VERSIONS = ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9", "", "http/1.1"];
const HEADERS = [
  "Host: other",
  "Connection: close",
  "Connection: keep-alive, Upgrade",
  "Upgrade: websocket",
  "Expect: 100-continue",
  "Content-Type: application/grpc",
  "Content-Length: 5",
  "Transfer-Encoding: chunked",
  "Range: bytes=0-18446744073709551615",
  "Accept-Encoding: gzip;q=abc",
  "X: y",
];
const ODD_HEADERS = [
  "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA",
  "Expect: nonsense",
  "Content-Length: -1",
  "Content-Length: 99999999999999999999",
  "Content-Length: 5, 6",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: identity",
  "Cookie: " + "a=b; ".repeat(3_000),
  "X-Long: " + "y".repeat(70_000),
  "X: y\r\n".repeat(500),
  "X-Null: a\0b",
  "X-Folded: a\r\n b",
  " leading: space",
  "no colon",
  ": no name",
  "Name : space before the colon",
  "Überschrift: ja",
];
const BODIES = [
  "",
  "",
  "hello",
  "5\r\nhello\r\n0\r\n\r\n",
  "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
  "-5\r\nhello\r\n",
  "5;ext=" + "z".repeat(20_000) + "\r\nhello\r\n0\r\n\r\n",
  "0\r\n" + "Trailer: x\r\n".repeat(3_000) + "\r\n",
  "5\r\nhelloX\r\n",
  "\0".repeat(50_000),
  '{"key":"Zm9v","value":"YmFy"}',
  '1d\r\n{"key":"Zm9v","value":"YmFy"}\r\n0\r\n\r\n',
  '{"create_request":{"key":"Zm9v"}} {"cancel_request":{"watch_id":"0"}',
  '{"key":"' + "A".repeat(5_000),
];

/** A client that breaks the rules of HTTP/1.1 in one way or another, or just might have. */
export function brokenHttp1(prng: Prng): Input {
  let text = request(prng);
  // Pipelining, with requests behind one that may have been the last.
  while (prng.chance(0.3)) text += request(prng);
  const bytes = Buffer.from(text, "latin1");
  return cut(prng, prng.chance(0.4) ? withBrokenBytes(prng, bytes) : bytes);
}

function request(prng: Prng): string {
  const method = prng.pick(prng.chance(0.9) ? METHODS : ODD_METHODS);
  const target = prng.pick(prng.chance(0.6) ? TARGETS : ODD_TARGETS);
  const version = prng.chance(0.9) ? "HTTP/1.1" : prng.pick(ODD_VERSIONS);
  const newline = prng.chance(0.95) ? "\r\n" : prng.pick(["\n", "\r", "\n\r"]);
  const headers = ["Host: 127.0.0.1"];
  while (prng.chance(0.5)) headers.push(prng.pick(prng.chance(0.7) ? HEADERS : ODD_HEADERS));
  const head = [`${method} ${target} ${version}`, ...headers].join(newline);
  return `${head}${newline}${newline}${prng.pick(BODIES)}`;
}
