import assert from "node:assert/strict";
import { describeBothTargets } from "../../harness/both_targets.ts";
import { type Http1Response, httpRequest } from "../../harness/http1.ts";

const METHODS = "POST, GET, OPTIONS, PUT, DELETE";
const HEADERS = "accept, content-type, authorization";

/** What a browser reads to find out whether a page may call. */
function corsOf({ headers }: Http1Response): (string | undefined)[] {
  return ["methods", "origin", "headers"].map((what) =>
    headers.get(`access-control-allow-${what}`)
  );
}

function from(port: number, origin: string, path = "/health", method = "GET") {
  return httpRequest(port, path, method, "", { Origin: origin });
}

function asHost(port: number, Host: string, method = "GET") {
  return httpRequest(port, "/health", method, "", { Host });
}

const NOTHING = [undefined, undefined, undefined];

describeBothTargets("access from everywhere", (test) => {
  test("every answer allows every origin, an error too", async ({ server }) => {
    for (const path of ["/health", "/metrics", "/version", "/debug/vars", "/nope"]) {
      const answer = await from(server.clientPort, "http://anywhere.example", path);
      assert.deepEqual(corsOf(answer), [METHODS, "*", HEADERS], path);
    }
    const refused = await from(server.clientPort, "http://a.example", "/health", "POST");
    assert.deepEqual([refused.status, ...corsOf(refused)], [405, METHODS, "*", HEADERS]);
  });

  test("OPTIONS is answered with nothing, whatever the path", async ({ server }) => {
    for (const path of ["/health", "/v3/kv/put", "/nope"]) {
      const answer = await from(server.clientPort, "http://a.example", path, "OPTIONS");
      assert.deepEqual([answer.status, answer.body], [200, ""], path);
      assert.equal(answer.headers.get("content-length"), "0");
      assert.deepEqual(corsOf(answer), [METHODS, "*", HEADERS], path);
    }
  });

  test("any host is answered", async ({ server }) => {
    assert.equal((await asHost(server.clientPort, "anything.example:1")).status, 200);
  });
});

const LIMITED = [
  "--cors=http://a.example:80,http://b.example:8080",
  "--host-whitelist=127.0.0.1,good.example",
];

describeBothTargets("access for some", (test) => {
  test("the origins of --cors are allowed, each by its name", async ({ server }) => {
    for (const origin of ["http://a.example:80", "http://b.example:8080"]) {
      const answer = await from(server.clientPort, origin);
      assert.deepEqual(corsOf(answer), [METHODS, origin, HEADERS]);
      const options = await from(server.clientPort, origin, "/nope", "OPTIONS");
      assert.deepEqual([options.status, ...corsOf(options)], [200, METHODS, origin, HEADERS]);
    }
  });

  test("other origins are answered without being allowed", async ({ server }) => {
    for (const origin of ["http://c.example", "http://a.example", "http://A.example:80", ""]) {
      const answer = await from(server.clientPort, origin);
      assert.deepEqual([answer.status, ...corsOf(answer)], [200, ...NOTHING], origin);
      const options = await from(server.clientPort, origin, "/v3/kv/put", "OPTIONS");
      assert.deepEqual([options.status, ...corsOf(options)], [200, ...NOTHING], origin);
    }
    assert.deepEqual(corsOf(await httpRequest(server.clientPort, "/health")), NOTHING);
  });

  test("the hosts of --host-whitelist are answered, with any port", async ({ server }) => {
    for (const host of ["good.example", "good.example:99", "127.0.0.1", "127.0.0.1:1"]) {
      assert.equal((await asHost(server.clientPort, host)).status, 200, host);
    }
  });

  test("other hosts are misdirected", async ({ server }) => {
    for (const host of ["bad.example", "bad.example:99", "localhost", "GOOD.example", "[::1]:5"]) {
      for (const method of ["GET", "POST", "OPTIONS"]) {
        const answer = await asHost(server.clientPort, host, method);
        assert.equal(answer.status, 421, host);
        const contentType = answer.headers.get("content-type");
        assert.equal(contentType, "text/plain; charset=utf-8");
        assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
        assert.deepEqual(corsOf(answer), NOTHING);
        const [empty, first] = answer.body.split("\n");
        assert.equal(empty, "");
        assert.equal(
          first,
          "etcd received your request, but the Host header was unrecognized.",
        );
        const name = host.startsWith("[") ? "::1" : host.split(":")[0];
        assert.ok(answer.body.includes(`--host-whitelist "${name}"`), answer.body);
        assert.match(answer.body, /DNS [Rr]ebinding.*CVE-2018-5702/);
      }
    }
  });
}, { flags: LIMITED });
