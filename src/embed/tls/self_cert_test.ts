import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseUrlList } from "../../base/url_list.ts";
import { silentLogger } from "../../base/log.ts";
import { type Config, newConfig } from "../config/config.ts";
import { ConfigError } from "../config/errors.ts";
import { newZapLoggerBuilder } from "../config/zap_logger_builder.ts";

async function withConfig(
  body: (config: Config, messages: string[]) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const messages: string[] = [];
  const take = (message: string) => void messages.push(message);
  try {
    const config = newConfig();
    config.dir = join(directory, "data");
    config.zapLoggerBuilder = newZapLoggerBuilder({ ...silentLogger, info: take, warn: take });
    await body(config, messages);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("Config.clientSelfCert() does nothing unless it is asked for", () =>
  withConfig(async (config, messages) => {
    await config.clientSelfCert();
    await config.peerSelfCert();
    assert.equal(config.clientTlsInfo.certFile, "");
    assert(!existsSync(config.dir));
    assert.deepEqual(messages, []);
  }));

Deno.test("Config.clientSelfCert() makes a certificate for all addresses that are listened on", () =>
  withConfig(async (config, messages) => {
    config.clientAutoTls = true;
    config.selfSignedCertValidityYears = 3;
    config.listenClientUrls = parseUrlList(
      "https://10.0.0.1:2379,https://localhost:1,unix:///run/x",
    );
    config.listenClientHttpUrls = parseUrlList("https://[::1]:8080");
    await config.clientSelfCert();
    const info = config.clientTlsInfo;
    assert.equal(info.certFile, join(config.dir, "fixtures", "client", "cert.pem"));
    assert.equal(info.keyFile, join(config.dir, "fixtures", "client", "key.pem"));
    assert.deepEqual([info.clientCertFile, info.clientKeyFile], [info.certFile, info.keyFile]);
    assert.equal(statSync(info.keyFile).mode & 0o777, 0o600);
    const certificate = new X509Certificate(readFileSync(info.certFile));
    assert.equal(certificate.subject, "O=etcd");
    assert(certificate.checkHost("localhost"));
    for (const address of ["10.0.0.1", "::1"]) assert(certificate.checkIP(address), address);
    const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;
    assert.equal(days, 3 * 365);
    assert.deepEqual(messages, [
      "automatically generate certificates",
      "created cert file",
      "created key file",
    ]);
  }));

Deno.test("Config.peerSelfCert() makes a certificate of its own beside the clients'", () =>
  withConfig(async (config) => {
    config.peerAutoTls = true;
    await config.peerSelfCert();
    assert.equal(config.peerTlsInfo.certFile, join(config.dir, "fixtures", "peer", "cert.pem"));
    assert.equal(config.clientTlsInfo.certFile, "");
  }));

Deno.test("Config.clientSelfCert() finds what was made before, but not half of it", () =>
  withConfig(async (config) => {
    config.clientAutoTls = true;
    await config.clientSelfCert();
    const { certFile, keyFile } = config.clientTlsInfo;
    const first = readFileSync(certFile, "latin1");
    const again = config.clone();
    Object.assign(again.clientTlsInfo, { certFile: "", keyFile: "" });
    await again.clientSelfCert();
    assert.equal(readFileSync(certFile, "latin1"), first);
    rmSync(keyFile);
    Object.assign(again.clientTlsInfo, { certFile: "", keyFile: "" });
    await again.clientSelfCert();
    assert.notEqual(readFileSync(certFile, "latin1"), first);
  }));

Deno.test("Config.clientSelfCert() leaves certificates alone that are given", () =>
  withConfig(async (config, messages) => {
    config.clientAutoTls = true;
    config.clientTlsInfo.certFile = "given.pem";
    await config.clientSelfCert();
    assert.equal(config.clientTlsInfo.keyFile, "");
    assert.deepEqual(messages, ["ignoring client auto TLS since certs given"]);
  }));

Deno.test("Config.clientSelfCert() refuses what cannot be made", () =>
  withConfig(async (config, messages) => {
    config.clientAutoTls = true;
    config.selfSignedCertValidityYears = 0;
    const never = "selfSignedCertValidity is invalid,it should be greater than 0";
    await assert.rejects(config.clientSelfCert(), new ConfigError(never));
    assert.deepEqual(messages, ["cannot generate cert"]);
    config.selfSignedCertValidityYears = 1;
    writeFileSync(config.dir, "in the way");
    await assert.rejects(config.clientSelfCert(), /cannot write the member's own certificate: /);
    rmSync(config.dir);
    config.cipherSuites = ["NONE"];
    await assert.rejects(config.clientSelfCert(), /unexpected TLS cipher suite "NONE"/);
  }));
