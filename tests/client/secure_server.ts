import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClientTls } from "../../src/embed/client/network_transport.ts";
import { findProgram } from "../harness/programs.ts";
import { freePorts, ServerProcess } from "../harness/server_process.ts";
import type { TargetName } from "../harness/targets.ts";

/** The program that makes certificates; undefined if it is not here. */
export const OPENSSL = findProgram("openssl");

/** Keys and certificates for a server and a client, signed by an authority of their own. */
export class Certificates {
  readonly directory: string;

  constructor(directory: string, serverName: string) {
    this.directory = directory;
    this.#openssl("req", "-x509", ...this.#newKey("ca"), "-out", this.file("ca.pem"));
    for (const [name, subject] of [["server", serverName], ["client", "DNS:client"]]) {
      const request = this.file(`${name}.csr`);
      const extensions = this.file(`${name}.ext`);
      writeFileSync(
        extensions,
        `subjectAltName=${subject}\nextendedKeyUsage=serverAuth,clientAuth\n`,
      );
      this.#openssl("req", ...this.#newKey(name), "-out", request);
      const authority = ["-CA", this.file("ca.pem"), "-CAkey", this.file("ca.key")];
      const signed = ["-CAcreateserial", "-extfile", extensions, "-out", this.file(`${name}.pem`)];
      this.#openssl("x509", "-req", "-in", request, ...authority, ...signed);
    }
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  /** What a client needs that the server trusts and that trusts the server. */
  get client(): ClientTls {
    const read = (name: string) => readFileSync(this.file(name));
    return { ca: read("ca.pem"), cert: read("client.pem"), key: read("client.key") };
  }

  #newKey(name: string): string[] {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    return [...key, "-keyout", this.file(`${name}.key`), "-subj", `/CN=${name}`];
  }

  #openssl(...args: string[]): void {
    const { status, stderr } = spawnSync(OPENSSL ?? "openssl", args, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }
}

/** A server that wants a client's certificate, and has one for this name itself. */
export async function withSecureServer(
  target: TargetName,
  serverName: string,
  body: (url: string, certificates: Certificates) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "client-tls-" });
  const certificates = new Certificates(directory, serverName);
  const [port] = await freePorts(1);
  const url = `https://127.0.0.1:${port}`;
  const server = await ServerProcess.start(target, {
    withoutWaiting: true,
    flags: [
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--cert-file=${certificates.file("server.pem")}`,
      `--key-file=${certificates.file("server.key")}`,
      `--trusted-ca-file=${certificates.file("ca.pem")}`,
      "--client-cert-auth",
    ],
  });
  try {
    await body(url, certificates);
  } finally {
    await server.dispose();
    await Deno.remove(directory, { recursive: true });
  }
}
