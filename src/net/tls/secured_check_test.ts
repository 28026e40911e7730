import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import type { DescribedCertificate } from "./client_certificate.ts";
import type { Credentials } from "./credential_files.ts";
import { HandshakeError } from "./handshake_error.ts";
import { checkSecured, type SecuredSocket } from "./secured_check.ts";
import { newSelfSignedCertificate } from "./self_signed_certificate.ts";
import type { TlsOptions } from "./tls_options.ts";
import { VerifiedCertificates } from "./verified_certificates.ts";

const NOW_MS = Date.now();
const LATER = new Date(NOW_MS + 60_000);
const DER = new X509Certificate(
  newSelfSignedCertificate({ hosts: [], notBefore: new Date(NOW_MS), notAfter: LATER }).certificate,
).raw;

const CERTIFICATE: DescribedCertificate = {
  subject: { CN: "alice" },
  fingerprint256: "AA",
  serialNumber: "0A",
  valid_to: LATER.toUTCString(),
  raw: DER,
  issuerCertificate: { fingerprint256: "BB", serialNumber: "0B" },
};

/** A connection as node:tls tells of it. */
function secured(
  certificate: DescribedCertificate | null,
  differences: { isAuthorized?: boolean; isResumed?: boolean; protocol?: string } = {},
): SecuredSocket {
  const { isAuthorized = true, isResumed = false, protocol = "TLSv1.3" } = differences;
  return {
    authorized: isAuthorized,
    getCipher: () => ({ standardName: "SUITE" }),
    getPeerCertificate: () => certificate,
    getProtocol: () => protocol,
    isSessionReused: () => isResumed,
  };
}

function credentials(revoked: readonly string[] = []): Credentials {
  return {
    certificate: "",
    key: "",
    authorities: "",
    authorityFingerprints: new Set(["CC"]),
    revoked: new Set(revoked),
    verified: new VerifiedCertificates(2),
  };
}

const OPTIONS: TlsOptions = {
  certFile: "",
  keyFile: "",
  requiresClientCertificate: true,
  trustedCaFile: "",
  revocationListFile: "",
  allowedCommonNames: [],
  allowedHostNames: [],
  checksClientAddress: false,
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.3",
  cipherSuites: undefined,
};

function check(socket: SecuredSocket, options: Partial<TlsOptions> = {}, files = credentials()) {
  return checkSecured(socket, { ...OPTIONS, ...options }, files, NOW_MS);
}

Deno.test("checkSecured() tells the common name, of several the last one", () => {
  assert.equal(check(secured(CERTIFICATE))?.commonName, "alice");
  const several = { ...CERTIFICATE, subject: { CN: ["root", "alice"] } };
  assert.equal(check(secured(several))?.commonName, "alice");
  assert.equal(check(secured({ ...CERTIFICATE, subject: {} }))?.commonName, "");
});

Deno.test("checkSecured() asks for no certificate where none is demanded", () => {
  assert.equal(check(secured(null), { requiresClientCertificate: false }), undefined);
});

Deno.test("checkSecured() refuses who shows nothing, or nothing that is trusted", () => {
  for (
    const socket of [secured(null), secured({}), secured(CERTIFICATE, { isAuthorized: false })]
  ) {
    assert.throws(() => check(socket), /didn't provide a certificate/);
  }
});

Deno.test("checkSecured() resumes a session only of a certificate that was verified", () => {
  const files = credentials();
  const resumed = secured(CERTIFICATE, { isResumed: true });
  assert.throws(() => check(resumed, {}, files), /was never verified/);
  check(secured(CERTIFICATE), {}, files);
  assert.equal(check(resumed, {}, files)?.commonName, "alice");
  const other = secured({ ...CERTIFICATE, fingerprint256: "DD" }, { isResumed: true });
  assert.throws(() => check(other, {}, files), /was never verified/);
  for (const valid_to of [new Date(NOW_MS - 1_000).toUTCString(), "?"]) {
    const expired = secured({ ...CERTIFICATE, valid_to }, { isResumed: true });
    assert.throws(() => check(expired, {}, files), /expired/);
  }
});

Deno.test("checkSecured() refuses a certificate of version 1, and what is none", () => {
  // SEQUENCE { SEQUENCE { INTEGER ... } }: the serial number stands first.
  const oldDer = Uint8Array.of(0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x01);
  assert.throws(() => check(secured({ ...CERTIFICATE, raw: oldDer })), /version 1/);
  assert.throws(() => check(secured({ ...CERTIFICATE, raw: Uint8Array.of(1) })));
});

Deno.test("checkSecured() lets common names in that are allowed", () => {
  assert.equal(
    check(secured(CERTIFICATE), { allowedCommonNames: ["x", "alice"] })?.commonName,
    "alice",
  );
  assert.throws(
    () => check(secured(CERTIFICATE), { allowedCommonNames: ["ALICE"] }),
    new HandshakeError("client certificate authentication failed"),
  );
});

Deno.test("checkSecured() refuses a chain in which a certificate is revoked", () => {
  assert.throws(() => check(secured(CERTIFICATE), {}, credentials(["A"])), /serial a revoked/);
  assert.throws(() => check(secured(CERTIFICATE), {}, credentials(["B"])), /serial b revoked/);
  check(secured(CERTIFICATE), {}, credentials(["C", "AA"]));
  // The number was given by another authority, whose list this is.
  const own = { ...CERTIFICATE, issuerCertificate: { fingerprint256: "CC", serialNumber: "0B" } };
  check(secured(own), {}, credentials(["B"]));
});

Deno.test("checkSecured() finds what is revoked behind a certificate that is shown twice", () => {
  const again = { ...CERTIFICATE, issuerCertificate: CERTIFICATE };
  assert.throws(() => check(secured(again), {}, credentials(["B"])), /serial b revoked/);
});

Deno.test("checkSecured() follows a chain whose end signs itself", () => {
  const root: {
    fingerprint256: string;
    serialNumber: string;
    issuerCertificate?: DescribedCertificate;
  } = { fingerprint256: "BB", serialNumber: "0B" };
  root.issuerCertificate = root;
  check(secured({ ...CERTIFICATE, issuerCertificate: root }), {}, credentials(["C"]));
});

Deno.test("checkSecured() judges the cipher suite of TLS 1.2 only", () => {
  const [old, current] = ["TLSv1.2", "TLSv1.3"].map((protocol) =>
    secured(CERTIFICATE, { protocol })
  );
  assert.throws(() => check(old, { cipherSuites: ["OTHER"] }), /prefers SUITE/);
  check(old, { cipherSuites: ["OTHER", "SUITE"] });
  check(old);
  check(current, { cipherSuites: ["OTHER"] });
});

Deno.test("VerifiedCertificates forgets what was seen longest ago", () => {
  const verified = new VerifiedCertificates(2);
  for (const fingerprint of ["a", "b", "a", "c"]) verified.add(fingerprint);
  assert.deepEqual(["a", "b", "c"].map((fingerprint) => verified.has(fingerprint)), [
    true,
    false,
    true,
  ]);
});
