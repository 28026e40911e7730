import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CredentialError } from "./credential_error.ts";
import { CredentialFiles } from "./credential_files.ts";
import { checkKeyKind } from "./key_pair.ts";
import { CertificateDirectory } from "./testing/certificate_directory.ts";
import type { TlsOptions } from "./tls_options.ts";

/** A list as DER: algorithm, issuer and time, each of them empty, and then what is revoked. */
const LIST_HEAD = [0x30, 0, 0x30, 0, 0x17, 0];
const EMPTY_LIST = Uint8Array.of(0x30, 8, 0x30, 6, ...LIST_HEAD);
const ENTRIES = [0x30, 5, 0x30, 3, 0x02, 1, 5];
const LIST_OF_SERIAL_5 = Uint8Array.of(0x30, 15, 0x30, 13, ...LIST_HEAD, ...ENTRIES);

function open(options: TlsOptions): { files: CredentialFiles; complaints: string[] } {
  const complaints: string[] = [];
  const files = new CredentialFiles(options, ({ message }) => complaints.push(message));
  return { files, complaints };
}

Deno.test("CredentialFiles reads its files once as long as they do not change", () => {
  using directory = new CertificateDirectory();
  const { files } = open(directory.options);
  const first = files.current;
  assert.equal(first.certificate, directory.certificate);
  assert.equal(first.key, directory.key.trimEnd());
  assert.equal(files.current, first);
});

Deno.test("CredentialFiles reads files again that were replaced", () => {
  using directory = new CertificateDirectory();
  const { files, complaints } = open(directory.options);
  directory.renew();
  assert.equal(files.current.certificate, directory.certificate);
  assert.deepEqual(complaints, []);
});

Deno.test("CredentialFiles keeps what it has while the files cannot be used, and says so once", () => {
  using directory = new CertificateDirectory();
  const { files, complaints } = open(directory.options);
  const first = files.current;
  const { key } = directory;
  directory.renew();
  writeFileSync(directory.keyFile, key);
  assert.equal(files.current, first);
  assert.equal(files.current, first);
  assert.deepEqual(complaints, ["tls: private key does not match public key"]);
  rmSync(directory.keyFile);
  assert.equal(files.current, first);
  assert.equal(complaints.length, 2);
  assert.match(complaints[1], /^open .*key\.pem: no such file or directory$/);
  writeFileSync(directory.keyFile, directory.key);
  assert.equal(files.current.certificate, directory.certificate);
});

Deno.test("CredentialFiles takes on what can be used while something else cannot", () => {
  using directory = new CertificateDirectory();
  using authority = new CertificateDirectory();
  const list = join(directory.path, "list.crl");
  writeFileSync(list, EMPTY_LIST);
  const { files, complaints } = open({
    ...directory.options,
    trustedCaFile: authority.certFile,
    revocationListFile: list,
  });
  writeFileSync(directory.certFile, "no certificate");
  writeFileSync(list, LIST_OF_SERIAL_5);
  assert.deepEqual([...files.current.revoked], ["5"]);
  authority.renew();
  assert.equal(files.current.authorities, authority.certificate);
  assert.equal(files.current.certificate, directory.certificate);
  assert.deepEqual(complaints, ["tls: failed to find any PEM data in certificate input"]);
});

Deno.test("CredentialFiles forgets whom other authorities have verified", () => {
  using directory = new CertificateDirectory();
  using authority = new CertificateDirectory();
  const { files } = open({ ...directory.options, trustedCaFile: authority.certFile });
  files.current.verified.add("client");
  directory.renew();
  assert(files.current.verified.has("client"));
  authority.renew();
  assert.equal(files.current.authorities, authority.certificate);
  assert(!files.current.verified.has("client"));
});

Deno.test("CredentialFiles finds what it wants in one file among other things", () => {
  using directory = new CertificateDirectory();
  const { certificate, key } = directory;
  const parameters = "-----BEGIN EC PARAMETERS-----\nBgUrgQQAIw==\n-----END EC PARAMETERS-----\n";
  const whole = join(directory.path, "whole.pem");
  for (
    const parts of [[certificate, key], [key, certificate], [
      parameters,
      key,
      "text\n",
      certificate,
    ]]
  ) {
    writeFileSync(whole, parts.join(""));
    const { files } = open({
      ...directory.options,
      certFile: whole,
      keyFile: whole,
      trustedCaFile: whole,
    });
    assert.deepEqual(
      [files.current.certificate, files.current.key, files.current.authorities],
      [certificate, key.trimEnd(), certificate],
    );
  }
});

Deno.test("checkKeyKind() refuses keys that Deno's TLS does not take", () => {
  const kinds = [
    generateKeyPairSync("rsa", { modulusLength: 1_024 }),
    generateKeyPairSync("rsa-pss", { modulusLength: 2_048 }),
    generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
  ];
  for (const { privateKey } of kinds) {
    assert.throws(() => checkKeyKind(privateKey), /is of a kind that Deno's TLS does not take/);
  }
  for (const namedCurve of ["prime256v1", "secp384r1", "secp521r1"]) {
    checkKeyKind(generateKeyPairSync("ec", { namedCurve }).privateKey);
  }
  checkKeyKind(generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey);
  checkKeyKind(generateKeyPairSync("ed25519").privateKey);
});

/** A certificate on a curve that Deno's TLS does not know. */
const ODD_CERTIFICATE = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBaTCCARCgAwIBAgIULkbXPLiMYFtlZ+MQoQ6jH6u2STswCgYIKoZIzj0EAwIw",
  "DDEKMAgGA1UEAwwBeDAeFw0yNjExMzAyMDQ1NTFaFw0zNjExMjcyMDQ1NTFaMAwx",
  "CjAIBgNVBAMMAXgwVjAQBgcqhkjOPQIBBgUrgQQACgNCAARvmjIX1V3CG00Z5bGC",
  "uvyBFnhktnOpXEKxAx9TzFcLsEHw60bZ83s5ECbnZuDAstpGt75dlJIuZAecobvs",
  "4RB8o1MwUTAdBgNVHQ4EFgQUw4KbTWj1T+qVJtle4X/hRp9KMIcwHwYDVR0jBBgw",
  "FoAUw4KbTWj1T+qVJtle4X/hRp9KMIcwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjO",
  "PQQDAgNHADBEAiAZfB/v6BXmCDbY+mq5CIaLAajH1PPi8fQeMbVOeSpXUAIgVK1t",
  "ZhyPjeiTuEQUILweDuiX1hH9RW+RJ6XgF76uhxA=",
  "-----END CERTIFICATE-----",
].join("\n");
/** The key to it. */
const ODD_KEY = [
  "-----BEGIN PRIVATE KEY-----",
  "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgfNM9BIzdY3fBYVM1Jrg/",
  "v4xf6r2rp1DhzhMQ3NfNzl6hRANCAARvmjIX1V3CG00Z5bGCuvyBFnhktnOpXEKx",
  "Ax9TzFcLsEHw60bZ83s5ECbnZuDAstpGt75dlJIuZAecobvs4RB8",
  "-----END PRIVATE KEY-----",
].join("\n");

Deno.test("CredentialFiles refuses a certificate that nobody could be shown", () => {
  using directory = new CertificateDirectory();
  writeFileSync(directory.certFile, ODD_CERTIFICATE);
  writeFileSync(directory.keyFile, ODD_KEY);
  assert.throws(
    () => open(directory.options),
    /is of a kind that Deno's TLS does not take \(ec secp256k1\)/,
  );
});

Deno.test("CredentialFiles says what is wrong with its files", () => {
  using directory = new CertificateDirectory();
  using other = new CertificateDirectory();
  const text = join(directory.path, "text");
  writeFileSync(text, "-----BEGIN X-----\n");
  const broken = join(directory.path, "broken");
  writeFileSync(broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const large = join(directory.path, "large");
  writeFileSync(large, directory.certificate.repeat(200));
  const cases: [Partial<TlsOptions>, RegExp][] = [
    [{ certFile: join(directory.path, "none") }, /^open .*none: no such file or directory$/],
    [{ certFile: directory.path }, /^open .*: /],
    [{ certFile: join(directory.certFile, "within") }, /^open .*: /],
    [{ certFile: text }, /^tls: failed to find any PEM data in certificate input$/],
    [{ keyFile: text }, /^tls: failed to find any PEM data in key input$/],
    [{ certFile: directory.keyFile }, /PEM inputs may have been switched$/],
    [{ keyFile: directory.certFile }, /found a certificate rather than a key in the PEM/],
    [{ certFile: broken }, /^tls: failed to parse certificate: /],
    [{ keyFile: other.keyFile }, /^tls: private key does not match public key$/],
    [{ trustedCaFile: text }, /holds no certificate in PEM$/],
    [{ trustedCaFile: broken }, /failed to parse certificate in /],
    [{ trustedCaFile: large }, /leave out what signs no clients$/],
    [{ revocationListFile: text }, /failed to parse list of revoked certificates in /],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => open({ ...directory.options, ...change }), (error: Error) => {
      assert(error instanceof CredentialError);
      assert.match(error.message, message);
      return true;
    });
  }
});
