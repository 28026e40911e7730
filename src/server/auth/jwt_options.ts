import { readFileSync } from "node:fs";
import { messageOf } from "../../base/error_message.ts";
import {
  DurationError,
  millisecondsFromNanoseconds,
  parseGoDuration,
} from "../../base/go_duration.ts";
import { AuthOptionsError } from "./auth_options_error.ts";

/** The families of algorithms that sign tokens; a family has one form of keys. */
export type SignFamily = "rsa" | "ec" | "ed25519" | "hmac";

/** What `--auth-token=jwt,...` asks for. */
export interface JwtOptions {
  readonly algorithm: string;
  readonly family: SignFamily;
  /** What is in the files of the keys; undefined where there is none. */
  readonly publicKey: Uint8Array | undefined;
  readonly privateKey: Uint8Array | undefined;
  readonly ttlMs: number;
  /** Names of options that nobody knows. */
  readonly unknown: readonly string[];
}

const DEFAULT_TTL_MS = 5 * 60 * 1000;

const Option = {
  SIGN_METHOD: "sign-method",
  PUBLIC_KEY: "pub-key",
  PRIVATE_KEY: "priv-key",
  TTL: "ttl",
} as const;

const OPTION_NAMES: readonly string[] = Object.values(Option);

const FAMILIES: ReadonlyMap<string, SignFamily> = new Map([
  ...ofAllSizes("RS", "rsa"),
  ...ofAllSizes("PS", "rsa"),
  ...ofAllSizes("ES", "ec"),
  ...ofAllSizes("HS", "hmac"),
  ["EdDSA", "ed25519"],
]);

function ofAllSizes(prefix: string, family: SignFamily): [string, SignFamily][] {
  return [256, 384, 512].map((size) => [`${prefix}${size}`, family]);
}

/** Reads the options, and the files that they name. Throws an AuthOptionsError. */
export function readJwtOptions(values: ReadonlyMap<string, string>): JwtOptions {
  const algorithm = values.get(Option.SIGN_METHOD) ?? "";
  const ttlMs = toTtl(values.get(Option.TTL) ?? "");
  const publicKey = readKey(values.get(Option.PUBLIC_KEY) ?? "");
  const privateKey = readKey(values.get(Option.PRIVATE_KEY) ?? "");
  const family = FAMILIES.get(algorithm);
  if (family === undefined) {
    throw new AuthOptionsError(
      `the sign-method "${algorithm}" is not one of ${[...FAMILIES.keys()].join(", ")}`,
    );
  }
  const unknown = [...values.keys()].filter((name) => !OPTION_NAMES.includes(name));
  return { algorithm, family, publicKey, privateKey, ttlMs, unknown };
}

function toTtl(text: string): number {
  if (text === "") return DEFAULT_TTL_MS;
  try {
    return millisecondsFromNanoseconds(parseGoDuration(text));
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new AuthOptionsError(`the ttl is not a duration: ${error.message}`);
  }
}

function readKey(path: string): Uint8Array | undefined {
  if (path === "") return undefined;
  try {
    const bytes = readFileSync(path);
    return bytes.length === 0 ? undefined : bytes;
  } catch (error) {
    const reason = messageOf(error);
    throw new AuthOptionsError(`the key file ${path} cannot be read: ${reason}`);
  }
}
