import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error_message.ts";
import type { Logger } from "../../base/log.ts";
import { ConfigError } from "../config/errors.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** As etcd counts them. */
const YEAR_MS = 365 * DAY_MS;

/** Where a certificate and its key stand. */
interface CertificatePaths {
  readonly certFile: string;
  readonly keyFile: string;
}

/** What certificate the member makes for itself. */
interface SelfCertRequest {
  readonly directory: string;
  /** The names and addresses that it is for. */
  readonly hosts: readonly string[];
  readonly validityYears: number;
}

/**
 * Makes a certificate that signs itself in a directory, or finds the one that is there already.
 * Throws a ConfigError when it is to be valid for no time, or cannot be written.
 */
export async function selfCert(
  { directory, hosts, validityYears }: SelfCertRequest,
  logger: Logger,
  clock: Clock,
): Promise<CertificatePaths> {
  if (validityYears === 0) {
    const error = "selfSignedCertValidity is invalid,it should be greater than 0";
    logger.warn("cannot generate cert", { error });
    throw new ConfigError(error);
  }
  const paths = {
    certFile: resolve(join(directory, "cert.pem")),
    keyFile: resolve(join(directory, "key.pem")),
  };
  if (existsSync(paths.certFile) && existsSync(paths.keyFile)) return paths;
  const notBefore = new Date(clock.wallMs());
  const notAfter = new Date(notBefore.getTime() + validityYears * YEAR_MS);
  logger.warn("automatically generate certificates", {
    "certificate-validity-bound-not-after": notAfter.toISOString(),
  });
  // The library that writes certificates is not needed to start a server.
  const { newSelfSignedCertificate } = await import("../../net/tls/self_signed_certificate.ts");
  const { certificate, key } = newSelfSignedCertificate({ hosts, notBefore, notAfter });
  write(directory, paths.certFile, certificate, 0o644);
  logger.info("created cert file", { path: paths.certFile });
  write(directory, paths.keyFile, key, 0o600);
  logger.info("created key file", { path: paths.keyFile });
  return paths;
}

function write(directory: string, path: string, text: string, mode: number): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode });
    // A file that was there keeps its mode otherwise.
    chmodSync(path, mode);
  } catch (error) {
    const why = messageOf(error);
    throw new ConfigError(`cannot write the member's own certificate: ${why}`, { cause: error });
  }
}
