import assert from "node:assert/strict";
import { EndpointUrl, UrlError } from "./endpoint_url.ts";
import { formatUrlList, parseUrlList, parseUrls, uniqueUrls } from "./url_list.ts";
import { UrlsMap } from "./urls_map.ts";

function complaintAbout(text: string): string {
  try {
    return `none, but ${formatUrlList(parseUrlList(text))}`;
  } catch (error) {
    assert(error instanceof UrlError);
    return error.message;
  }
}

Deno.test("parseUrlList() trims, sorts and keeps URLs as they are written", () => {
  assert.equal(
    formatUrlList(parseUrlList(" http://b:2379,HTTP://a:80 ,https://[::1]:443")),
    "http://a:80,http://b:2379,https://[::1]:443",
  );
  assert.equal(
    formatUrlList(parseUrlList("unix://localhost:23790,unix:///tmp/x.sock,http://h:1?a=b#c")),
    "http://h:1?a=b#c,unix:///tmp/x.sock,unix://localhost:23790",
  );
});

Deno.test("parseUrlList() complains in etcd's words", () => {
  const form = 'URL address does not have the form "host:port": ';
  const scheme = "URL scheme must be http, https, unix, or unixs: ";
  const cases: [string, string][] = [
    ["", scheme],
    ["foo", `${scheme}foo`],
    ["localhost:2379", `${scheme}localhost:2379`],
    ["ftp://h:1", `${scheme}ftp://h:1`],
    ["http://h", `${form}http://h`],
    ["http:h:1", `${form}http:h:1`],
    ["http://::1:80", `${form}http://::1:80`],
    ["http://h:1/", "URL must not contain a path: http://h:1/"],
    ["http://h:1/p", "URL must not contain a path: http://h:1/p"],
    [":x", 'parse ":x": missing protocol scheme'],
    ["127.0.0.1:80", 'parse "127.0.0.1:80": first path segment in URL cannot contain colon'],
    ["http://h:x", 'parse "http://h:x": invalid port ":x" after host'],
    ["http://[::1:80", `parse "http://[::1:80": missing ']' in host`],
    ["http://a b:1", 'parse "http://a b:1": invalid character " " in host name'],
    ["http://h:1\x7f", 'parse "http://h:1\\x7f": net/url: invalid control character in URL'],
    ["http://a%zz:1", 'parse "http://a%zz:1": invalid URL escape "%zz"'],
    ["http://a%41:1", 'parse "http://a%41:1": invalid URL escape "%41"'],
    ["http://a\x01", 'parse "http://a\\x01": net/url: invalid control character in URL'],
    ["http://u^@h:1", 'parse "http://u^@h:1": net/url: invalid userinfo'],
  ];
  for (const [text, message] of cases) assert.equal(complaintAbout(text), message, text);
  assert.throws(() => parseUrls([]), new UrlError("no valid URLs given"));
});

Deno.test("EndpointUrl parts host and port, of IPv6 addresses too", () => {
  const ipv6 = EndpointUrl.parse("http://[::1]:2379");
  assert.deepEqual([ipv6.hostname, ipv6.port], ["::1", "2379"]);
  const plain = EndpointUrl.parse("https://h:1");
  assert.deepEqual([plain.scheme, plain.hostname, plain.port], ["https", "h", "1"]);
  assert.deepEqual([EndpointUrl.parse("http://h").hostname, EndpointUrl.parse("http://h").port], [
    "h",
    "",
  ]);
  assert.equal(ipv6.withHost("192.0.2.1:80").toString(), "http://192.0.2.1:80");
});

Deno.test("EndpointUrl.parse() prints every URL of a server as it read it", () => {
  const texts = [
    "http://h:1",
    "https://u:p@h:1",
    "unix:///a/b",
    "unix:a",
    "http://h:1?q",
    "/p",
    "",
  ];
  for (const text of texts) assert.equal(EndpointUrl.parse(text).toString(), text);
});

Deno.test("uniqueUrls() drops URLs that are there already", () => {
  assert.equal(
    formatUrlList(uniqueUrls(parseUrlList("http://a:1,http://b:1,http://a:1"))),
    "http://a:1,http://b:1",
  );
});

Deno.test("UrlsMap.parse() gathers the URLs of a name that stands twice", () => {
  const map = UrlsMap.parse("b=http://2:1,a=http://1:2,,a=http://1:1");
  assert.equal(map.toString(), "a=http://1:1,a=http://1:2,b=http://2:1");
  assert.deepEqual(map.get("a").map(String), ["http://1:1", "http://1:2"]);
  assert.deepEqual(map.names(), ["b", "a"]);
  assert.deepEqual(map.urls(), ["http://1:1", "http://1:2", "http://2:1"]);
  assert.deepEqual([map.size, map.has("a"), map.has("c"), map.get("c")], [2, true, false, []]);
  assert.equal(UrlsMap.parse("").size, 0);
});

Deno.test("UrlsMap.parse() refuses a name without a URL", () => {
  assert.throws(() => UrlsMap.parse("a"), UrlError);
  assert.throws(() => UrlsMap.parse("a="), UrlError);
});
