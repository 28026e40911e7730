import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newSelfSignedCertificate } from "../self_signed_certificate.ts";
import type { TlsOptions } from "../tls_options.ts";

/** A directory with a certificate that signs itself, and its key. */
export class CertificateDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "tls-unit-"));
  readonly certFile: string = join(this.path, "cert.pem");
  readonly keyFile: string = join(this.path, "key.pem");
  certificate = "";
  key = "";

  constructor() {
    this.renew();
  }

  /** Replaces both files. */
  renew(): void {
    const { certificate, key } = newSelfSignedCertificate({
      hosts: ["localhost", "127.0.0.1"],
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
    });
    this.certificate = certificate;
    this.key = key;
    writeFileSync(this.certFile, certificate);
    writeFileSync(this.keyFile, key);
  }

  /** Options of a server that shows the certificate and lets everybody in. */
  get options(): TlsOptions {
    return {
      certFile: this.certFile,
      keyFile: this.keyFile,
      requiresClientCertificate: false,
      trustedCaFile: "",
      revocationListFile: "",
      allowedCommonNames: [],
      allowedHostNames: [],
      checksClientAddress: false,
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
      cipherSuites: undefined,
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
