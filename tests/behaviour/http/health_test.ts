import assert from "node:assert/strict";
import { AlarmAction, AlarmType } from "../../../src/pb/etcdserverpb.ts";
import { MAINTENANCE_SERVICE } from "../../../src/pb/services.ts";
import { describeBothTargets, type TestContext } from "../../harness/both_targets.ts";
import { type Http1Response, httpRequest } from "../../harness/http1.ts";
import { headerOf, range } from "../../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

const TEXT = "text/plain; charset=utf-8";

/** Status, body and the headers that say something, of which an absent one is undefined. */
function answerOf({ status, headers, body }: Http1Response): (string | number | undefined)[] {
  const told = ["content-type", "x-content-type-options", "content-length", "allow"];
  return [status, body, ...told.map((name) => headers.get(name))];
}

/** The same with the lines of the body in order, where etcd has them in any. */
function sortedAnswerOf(response: Http1Response): (string | number | undefined)[] {
  return answerOf({ ...response, body: response.body.split("\n").sort().join("\n") });
}

function plain(status: number, body: string): (string | number | undefined)[] {
  return [status, body, TEXT, "nosniff", String(body.length), undefined];
}

async function withAlarm(
  { client, prefix }: TestContext,
  alarm: number,
  body: () => Promise<void>,
): Promise<void> {
  const { memberId } = headerOf(await range(client, prefix));
  await client.call(MAINTENANCE_SERVICE.alarm, { action: AlarmAction.ACTIVATE, memberId, alarm });
  try {
    await body();
  } finally {
    const action = AlarmAction.DEACTIVATE;
    await client.call(MAINTENANCE_SERVICE.alarm, { action, memberId, alarm });
  }
}

describeBothTargets("health over HTTP", (test) => {
  test("/health is plain text without a line end when it is good", async ({ server }) => {
    const good = '{"health":"true","reason":""}';
    const expected = [200, good, TEXT, undefined, "29", undefined];
    for (const query of ["", "?serializable=true", "?serializable=x", "?exclude=FOO&exclude="]) {
      assert.deepEqual(
        answerOf(await httpRequest(server.clientPort, `/health${query}`)),
        expected,
        query,
      );
    }
  });

  test("/health tells the alarm unless it is excluded", async (context) => {
    const { clientPort } = context.server;
    const health = async (query: string) =>
      answerOf(await httpRequest(clientPort, `/health${query}`));
    await withAlarm(context, AlarmType.NOSPACE, async () => {
      const expected = plain(503, '{"health":"false","reason":"ALARM NOSPACE"}\n');
      assert.deepEqual(await health(""), expected);
      assert.deepEqual(await health("?serializable=true"), expected);
      assert.deepEqual(await health("?exclude=CORRUPT"), expected);
      assert.equal((await health("?exclude=NOSPACE"))[0], 200);
      assert.equal((await health("?exclude=NOSPACE&exclude=FOO"))[0], 200);
    });
    await withAlarm(context, AlarmType.CORRUPT, async () => {
      assert.deepEqual(
        await health(""),
        plain(503, '{"health":"false","reason":"ALARM CORRUPT"}\n'),
      );
    });
  });

  test("/livez and /readyz say ok", async ({ server }) => {
    for (
      const path of [
        ...["/livez", "/readyz", "/livez?exclude=foo", "/readyz?exclude=foo&exclude=bar"],
        ...["/livez/serializable_read", "/readyz/serializable_read", "/readyz/linearizable_read"],
        ...["/readyz/data_corruption", "/readyz/non_learner"],
        "/livez/serializable_read?exclude=serializable_read",
        "/livez?verbose&exclude=serializable_read",
      ]
    ) {
      assert.deepEqual(
        answerOf(await httpRequest(server.clientPort, path)),
        plain(200, "ok\n"),
        path,
      );
    }
  });

  test("?verbose tells each check that was made", async ({ server }) => {
    const answers: readonly (readonly [string, string])[] = [
      ["/livez?verbose", "[+]serializable_read ok\nok\n"],
      ["/livez?verbose=false", "[+]serializable_read ok\nok\n"],
      ["/readyz/linearizable_read?verbose", "[+]linearizable_read ok\nok\n"],
      ["/readyz/non_learner?verbose&exclude=foo", "[+]non_learner ok\nok\n"],
      [
        "/readyz?verbose",
        "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n" +
        "[+]non_learner ok\nok\n",
      ],
      [
        "/readyz?verbose&exclude=non_learner&exclude=linearizable_read&exclude=foo",
        "[+]data_corruption ok\n[+]serializable_read ok\nok\n",
      ],
    ];
    for (const [path, body] of answers) {
      const answer = sortedAnswerOf(await httpRequest(server.clientPort, path));
      assert.deepEqual(answer, plain(200, body.split("\n").sort().join("\n")), path);
    }
  });

  test("/readyz fails with all checks while data is corrupt, /livez does not", async (context) => {
    const { clientPort } = context.server;
    await withAlarm(context, AlarmType.CORRUPT, async () => {
      const failed = "[-]data_corruption failed: alarm activated: CORRUPT\n";
      const others = "[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\n";
      const body = `${failed}${others}\n`.split("\n").sort().join("\n");
      for (const path of ["/readyz", "/readyz?verbose", "/readyz?exclude=foo"]) {
        const answer = sortedAnswerOf(await httpRequest(clientPort, path));
        assert.deepEqual(answer, plain(503, body), path);
      }
      const one = await httpRequest(clientPort, "/readyz/data_corruption");
      assert.deepEqual(answerOf(one), plain(503, `${failed}\n`));
      for (const path of ["/livez", "/readyz?exclude=data_corruption", "/readyz/non_learner"]) {
        assert.deepEqual(answerOf(await httpRequest(clientPort, path)), plain(200, "ok\n"), path);
      }
    });
  });

  test("a check that is not there, or a slash too many, is 404", async ({ server }) => {
    for (
      const path of [
        ...["/readyz/nope", "/livez/data_corruption", "/livez/", "/readyz/", "/health/"],
        ...["/version/", "/metrics/", "/nope", "/"],
      ]
    ) {
      const answer = answerOf(await httpRequest(server.clientPort, path));
      assert.deepEqual(answer, plain(404, "404 page not found\n"), path);
    }
  });

  test("methods but GET are refused", async ({ server }) => {
    const expected = [405, "Method Not Allowed\n", TEXT, "nosniff", "19", "GET"];
    const paths = ["/health", "/livez", "/readyz", "/livez/serializable_read", "/version"];
    for (const path of [...paths, "/debug/vars"]) {
      for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
        const answer = answerOf(await httpRequest(server.clientPort, path, method));
        assert.deepEqual(answer, expected, `${method} ${path}`);
      }
      const { status, headers } = await httpRequest(server.clientPort, path, "HEAD");
      assert.deepEqual([status, headers.get("allow")], [405, "GET"], `HEAD ${path}`);
    }
  });

  test("/version tells three versions", async ({ server }) => {
    const { status, headers, body } = await httpRequest(server.clientPort, "/version");
    assert.deepEqual([status, headers.get("content-type")], [200, "application/json"]);
    assert.equal(headers.get("x-content-type-options"), undefined);
    assert.equal(body, '{"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"}');
  });

  test("the checks that were made are counted", async ({ server }) => {
    await httpRequest(server.clientPort, "/readyz");
    const { body } = await httpRequest(server.clientPort, "/metrics");
    assert.match(body, /^etcd_server_healthcheck\{name="non_learner",type="readyz"\} 1$/m);
    assert.match(
      body,
      /^etcd_server_healthchecks_total\{name="data_corruption",status="error",type="readyz"\} \d+$/m,
    );
    assert.match(
      body,
      /^etcd_server_healthchecks_total\{name="non_learner",status="success",type="readyz"\} \d+$/m,
    );
  });
}, { targets: NEWER_TARGET_NAMES });
