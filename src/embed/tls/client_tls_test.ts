import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { withDirectory } from "../../base/testing/with_directory.ts";
import { parseUrlList } from "../../base/url_list.ts";
import { connect } from "../client/connect.ts";
import { type Config, newConfig } from "../config/config.ts";
import { ConfigError, ERR_MISSING_CLIENT_TLS_INFO_FOR_METRICS_URL } from "../config/errors.ts";
import { type Etcd, startEtcd } from "../etcd.ts";
import { newMemoryConfig } from "../memory_config.ts";
import { newSelfSignedCertificate } from "../../net/tls/self_signed_certificate.ts";

/** A server that makes its own certificate, and listens where it is told. */
function autoTlsConfig(directory: string, urls: string): Config {
  const config = newConfig();
  config.dir = join(directory, "data");
  config.clientAutoTls = true;
  config.unsafeNoFsync = true;
  config.listenClientUrls = parseUrlList(urls);
  config.advertiseClientUrls = config.listenClientUrls;
  return config;
}

function authorityOf(etcd: Etcd): string {
  return readFileSync(etcd.config().clientTlsInfo.certFile, "latin1");
}

Deno.test("startEtcd() serves TLS with a certificate of its own, and tells the URL", () =>
  withDirectory(async (directory) => {
    const config = autoTlsConfig(directory, "https://127.0.0.1:0");
    config.listenMetricsUrls = parseUrlList("https://127.0.0.1:0");
    await using etcd = await startEtcd(config);
    assert.match(etcd.clientUrl, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(etcd.clients[0].url, "https://127.0.0.1:0");
    await using client = await connect(etcd.clientUrl, { tls: { ca: authorityOf(etcd) } });
    await client.put("a", "1");
    assert.equal((await client.get("a"))?.text, "1");
    const [member] = await client.members();
    assert.deepEqual(member.clientUrls, [etcd.clientUrl]);
    // Deno's fetch is HTTP/2 first, and these requests are for HTTP/1.1.
    const status = await new Promise((resolve, reject) => {
      const options = { ca: authorityOf(etcd), agent: false };
      request(`${etcd.clientUrl}/health`, options, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      }).on("error", reject).end();
    });
    assert.equal(status, 200);
  }));

Deno.test("startEtcd() listens on unix sockets with and without TLS, and tells their URLs", () =>
  withDirectory(async (directory) => {
    const [plain, secure] = [join(directory, "plain.sock"), join(directory, "secure.sock")];
    await using etcd = await startEtcd(
      autoTlsConfig(directory, `unix://${plain},unixs://${secure}`),
    );
    assert.deepEqual(etcd.clients.map(({ address, port }) => [address, port]), [
      [plain, 0],
      [secure, 0],
    ]);
    assert.equal(etcd.clientUrl, `unix://${plain}`);
    await using client = await connect(etcd.clientUrl);
    await client.put("a", "1");
  }));

Deno.test("startEtcd() serves HTTP and HTTPS at one address", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "both.sock");
    await using etcd = await startEtcd(autoTlsConfig(directory, `unix://${path},unixs://${path}`));
    assert.equal(etcd.clients.length, 1);
    for (const scheme of ["unix", "unixs"]) {
      const tls = { insecureSkipVerify: true };
      await using client = await connect(`${scheme}://${path}`, { tls });
      await client.put(scheme, "1");
    }
  }));

Deno.test("startEtcd() refuses settings of TLS that cannot be used", async () => {
  const cases: [(config: Config) => void, RegExp][] = [
    [
      (config) => config.listenClientUrls = parseUrlList("https://127.0.0.1:0"),
      /^TLS key\/cert .* must be provided for client url https:\/\/127\.0\.0\.1:0 with HTTPS scheme$/,
    ],
    [
      (config) => config.listenClientHttpUrls = parseUrlList("unixs:///tmp/x"),
      /must be provided for client url unixs:\/\/\/tmp\/x with HTTPS scheme$/,
    ],
    [
      (config) => {
        config.listenClientUrls = parseUrlList("https://127.0.0.1:0");
        config.clientTlsInfo.certFile = "/nowhere/cert.pem";
        config.clientTlsInfo.keyFile = "/nowhere/key.pem";
      },
      /^open \/nowhere\/cert\.pem: no such file or directory$/,
    ],
    [
      (config) => config.clientAutoTls = true,
      /^--memory-only stores nothing, not even certificates/,
    ],
    [(config) => config.cipherSuites = ["X"], /^unexpected TLS cipher suite "X"$/],
  ];
  for (const [change, message] of cases) {
    const config = newMemoryConfig();
    change(config);
    await assert.rejects(startEtcd(config), (error: Error) => {
      assert(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  }
  const metrics = newMemoryConfig();
  metrics.listenMetricsUrls = parseUrlList("https://127.0.0.1:0");
  await assert.rejects(startEtcd(metrics), ERR_MISSING_CLIENT_TLS_INFO_FOR_METRICS_URL);
});

Deno.test("startEtcd() refuses rules for clients that contradict each other", () =>
  withDirectory(async (directory) => {
    const prepared = autoTlsConfig(directory, "https://127.0.0.1:0");
    await prepared.clientSelfCert();
    const start = (change: (info: Config["clientTlsInfo"]) => void) => {
      const config = prepared.clone();
      change(config.clientTlsInfo);
      return startEtcd(config);
    };
    await assert.rejects(
      start((info) => {
        info.allowedCns = ["a", "b"];
        info.allowedHostnames = ["c"];
      }),
      new ConfigError(
        'AllowedCNs and AllowedHostnames are mutually exclusive (cns=["a" "b"], hostnames=["c"])',
      ),
    );
    await assert.rejects(start((info) => info.clientKeyFile = ""), /must both be present or both/);
    await assert.rejects(start((info) => info.clientCertAuth = true), /needs --trusted-ca-file/);
    await assert.rejects(
      start((info) => info.caFile = info.trustedCaFile = info.certFile),
      /--ca-file is the old name of --trusted-ca-file/,
    );
  }));

Deno.test("startEtcd() takes ca-file, as etcd did in 2018, for trusted-ca-file", () =>
  withDirectory(async (directory) => {
    const config = autoTlsConfig(directory, "https://127.0.0.1:0");
    await config.clientSelfCert();
    config.clientTlsInfo.caFile = config.clientTlsInfo.certFile;
    await using etcd = await startEtcd(config);
    const { certFile, keyFile } = config.clientTlsInfo;
    const [cert, key] = [readFileSync(certFile), readFileSync(keyFile)];
    await using client = await connect(etcd.clientUrl, { tls: { ca: cert, cert, key } });
    await client.put("a", "1");
    const stranger = connect(etcd.clientUrl, { tls: { ca: cert }, dialTimeoutMs: 300 });
    await assert.rejects(
      stranger.then(async (other) => {
        await other.put("a", "2", { timeoutMs: 300 }).finally(() => other.close());
      }),
    );
  }));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

/** The status of /health at a metrics URL for who shows this certificate; 0 if it is refused. */
function metricsHealth(
  url: string,
  ca: string,
  { certificate, key }: { readonly certificate: string; readonly key: string },
): Promise<number> {
  return new Promise((resolve) => {
    const options = { ca, cert: certificate, key, agent: false };
    request(`${url}/health`, options, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    }).on("error", () => resolve(0)).end();
  });
}

Deno.test("startEtcd() compares where a client of metrics calls from unless it shall not", () =>
  withDirectory(async (directory) => {
    const now = Date.now();
    const away = newSelfSignedCertificate({
      hosts: ["192.0.2.7"],
      notBefore: new Date(now - 60_000),
      notAfter: new Date(now + 3_600_000),
    });
    const trusted = join(directory, "clients.pem");
    writeFileSync(trusted, away.certificate);
    const port = await freePort();
    for (const isSkipped of [false, true]) {
      const config = autoTlsConfig(directory, "https://127.0.0.1:0");
      await config.clientSelfCert();
      config.listenMetricsUrls = parseUrlList(`https://127.0.0.1:${port}`);
      config.clientTlsInfo.trustedCaFile = trusted;
      config.clientTlsInfo.skipClientSanVerify = isSkipped;
      await using etcd = await startEtcd(config);
      await etcd.server.readyNotify();
      const status = await metricsHealth(`https://127.0.0.1:${port}`, authorityOf(etcd), away);
      assert.equal(status, isSkipped ? 200 : 0);
    }
  }));
