import { textFromBytes } from "../../../base/bytes.ts";
import type { ClientTls } from "../../../embed/client/transport/network_transport.ts";
import { CredentialError } from "../../../net/tls/credential_error.ts";
import { keyPairFrom } from "../../../net/tls/key_pair.ts";
import { byteText, plainText } from "../byte_text.ts";
import { badArguments, CtlError, EXIT_CODE } from "../exit_code.ts";
import type { FlagSet } from "../flags/flag_set.ts";
import type { CtlIo } from "../io.ts";

/** The flags that say how one side of TLS is set up. */
interface TlsFlags {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

const GLOBAL_TLS_FLAGS: TlsFlags = { cert: "cert", key: "key", ca: "cacert" };

/** What the global flags say of TLS; undefined when they say nothing. */
export function tlsOfFlags(io: CtlIo, flags: FlagSet): ClientTls | undefined {
  for (const flag of Object.values(GLOBAL_TLS_FLAGS)) {
    if (flags.changed(flag) && flags.text(flag) === "") {
      throw badArguments(`empty string is passed to --${flag} option`);
    }
  }
  const files = readFiles(io, flags, GLOBAL_TLS_FLAGS);
  const insecureSkipVerify = flags.bool("insecure-skip-tls-verify");
  const isAsked = insecureSkipVerify || !flags.bool("insecure-transport");
  // Only a domain whose records can be trusted says whose certificate a server must have.
  const domain = flags.bool("insecure-discovery") ? "" : plainText(flags.text("discovery-srv"));
  if (files === undefined && !isAsked && domain === "") return undefined;
  return { insecureSkipVerify, ...files, ...(domain === "" ? {} : { serverName: domain }) };
}

/** The same for flags of a command's own, of which there are fewer. */
export function tlsOfFlagsNamed(
  io: CtlIo,
  flags: FlagSet,
  names: TlsFlags,
  isAsked: boolean,
): ClientTls | undefined {
  return readFiles(io, flags, names) ?? (isAsked ? {} : undefined);
}

function readFiles(io: CtlIo, flags: FlagSet, names: TlsFlags): ClientTls | undefined {
  const named = (flag: string): boolean => flags.text(flag) !== "";
  if (named(names.cert) !== named(names.key)) {
    const pair = `[key: ${flags.text(names.key)}, cert: ${flags.text(names.cert)}]`;
    throw badArguments(`KeyFile and CertFile must both be present${pair}`);
  }
  const cert = readFile(io, flags, names.cert);
  const key = readFile(io, flags, names.key);
  const ca = readFile(io, flags, names.ca);
  if (cert === undefined && ca === undefined) return undefined;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : pairOf(cert, key)),
  };
}

/** What the two files hold, which is told now if it cannot be used: no handshake would say why. */
function pairOf(cert: Uint8Array, key: Uint8Array): { cert: string; key: string } {
  try {
    const pair = keyPairFrom(textFromBytes(cert), textFromBytes(key));
    return { cert: pair.certificate, key: pair.key };
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    throw new CtlError(EXIT_CODE.badArguments, byteText(error.message), { cause: error });
  }
}

function readFile(io: CtlIo, flags: FlagSet, flag: string): Uint8Array | undefined {
  const path = plainText(flags.text(flag));
  if (path === "") return undefined;
  try {
    return io.readFile(path);
  } catch (cause) {
    const message = byteText(unreadableText(path, cause));
    throw new CtlError(EXIT_CODE.badArguments, message, { cause });
  }
}

/** Why a file cannot be read, in Go's words. */
function unreadableText(path: string, error: unknown): string {
  const { errors } = Deno;
  if (error instanceof errors.NotFound) return `open ${path}: no such file or directory`;
  if (error instanceof errors.PermissionDenied) return `open ${path}: permission denied`;
  if (error instanceof errors.NotADirectory) return `open ${path}: not a directory`;
  if (error instanceof errors.IsADirectory) return `read ${path}: is a directory`;
  return `open ${path}: ${error instanceof Error ? error.message : error}`;
}
