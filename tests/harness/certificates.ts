import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./programs.ts";

const OPENSSL = findProgram("openssl");

/** Why no certificates can be made here, or undefined if they can. */
export function whyNoCertificates(): string | undefined {
  return OPENSSL === undefined ? "openssl is not here" : undefined;
}

/** What a certificate says, and for how long. */
interface CertificateRequest {
  /** Without one the certificate's name is taken. */
  readonly commonName?: string;
  /** As openssl takes them, such as `DNS:localhost,IP:127.0.0.1`. */
  readonly alternativeNames?: string;
  /** It was valid once. */
  readonly isExpired?: boolean;
  /** As openssl takes them. @default {serverAuth,clientAuth} */
  readonly usages?: string;
  /** Whether it may sign others. @default {false} */
  readonly isAuthority?: boolean;
}

/** The paths of a certificate and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** What a client needs to know a server and to be known. */
export interface ClientFiles {
  readonly ca: Uint8Array;
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
}

/** Issues certificates and revokes them, by openssl, in a directory of its own. */
export class CertificateAuthority {
  readonly #directory: string;
  readonly #name: string;

  /**
   * `parent` is a directory that is there; `name` is also the authority's common name. It signs
   * itself unless there is an issuer.
   */
  constructor(parent: string, name: string, issuer?: CertificateAuthority) {
    this.#directory = join(parent, name);
    this.#name = name;
    mkdirSync(join(this.#directory, "issued"), { recursive: true });
    writeFileSync(this.#file("index.txt"), "");
    writeFileSync(this.#file("crlnumber"), "01\n");
    writeFileSync(this.#file("config"), this.#config());
    if (issuer === undefined) {
      openssl("req", "-x509", ...this.#newKey(name), "-days", "2", "-out", this.certificate);
    } else {
      const { cert, key } = issuer.issue(name, { isAuthority: true });
      copyFileSync(cert, this.certificate);
      copyFileSync(key, this.#file(`${name}.key`));
    }
  }

  /** The path of its own certificate. */
  get certificate(): string {
    return this.#file(`${this.#name}.pem`);
  }

  /** Issues a certificate. */
  issue(name: string, request: CertificateRequest = {}): CertificateFiles {
    const files = { cert: this.#file(`${name}.pem`), key: this.#file(`${name}.key`) };
    const [csr, extensions] = [this.#file(`${name}.csr`), this.#file(`${name}.ext`)];
    const names = request.alternativeNames;
    const isAuthority = request.isAuthority === true ? "critical,CA:TRUE" : "CA:FALSE";
    writeFileSync(
      extensions,
      `basicConstraints=${isAuthority}\nextendedKeyUsage=${
        request.usages ?? "serverAuth,clientAuth"
      }\n` +
        (names === undefined ? "" : `subjectAltName=${names}\n`),
    );
    openssl("req", ...this.#newKey(name, request.commonName), "-out", csr);
    const period = request.isExpired === true
      ? ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"]
      : ["-days", "1"];
    this.#ca("-in", csr, "-out", files.cert, "-extfile", extensions, "-notext", ...period);
    return files;
  }

  /** Revokes a certificate and returns the path of a new list in DER. */
  revoke({ cert }: CertificateFiles): string {
    this.#ca("-revoke", cert);
    return this.revocationList();
  }

  /** The path of the list of what is revoked, in DER, as etcd wants it. */
  revocationList(): string {
    const [pem, der] = [this.#file("crl.pem"), this.#file("crl.der")];
    this.#ca("-gencrl", "-out", pem);
    openssl("crl", "-in", pem, "-outform", "DER", "-out", der);
    return der;
  }

  /** What a client with a certificate needs, which trusts this authority. */
  clientFiles({ cert, key }: CertificateFiles): ClientFiles {
    const [ca, certBytes, keyBytes] = [this.certificate, cert, key].map((path) =>
      readFileSync(path)
    );
    return { ca, cert: certBytes, key: keyBytes };
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }

  #newKey(name: string, commonName: string = name): string[] {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const subject = commonName === "" ? "/" : `/CN=${commonName}`;
    return [...key, "-keyout", this.#file(`${name}.key`), "-subj", subject];
  }

  #ca(...args: string[]): void {
    openssl("ca", "-batch", "-config", this.#file("config"), ...args);
  }

  #config(): string {
    const lines = [
      "[ca]",
      "default_ca = this",
      "[this]",
      `database = ${this.#file("index.txt")}`,
      `new_certs_dir = ${this.#file("issued")}`,
      `crlnumber = ${this.#file("crlnumber")}`,
      `certificate = ${this.certificate}`,
      `private_key = ${this.#file(`${this.#name}.key`)}`,
      "rand_serial = yes",
      "unique_subject = no",
      "default_md = sha256",
      "default_crl_days = 1",
      "policy = any",
      "[any]",
      "commonName = optional",
      "",
    ];
    return lines.join("\n");
  }
}

function openssl(...args: string[]): void {
  if (OPENSSL === undefined) throw new Error("openssl is not here");
  const { status, stderr } = spawnSync(OPENSSL, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl ${args.join(" ")} failed: ${stderr}`);
}
