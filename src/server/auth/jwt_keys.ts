import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { bytesEqual, latin1FromBytes } from "../../base/bytes.ts";
import { messageOf } from "../../base/error_message.ts";
import { type CryptoKey, importPKCS8, importSPKI } from "../../deps/jose.ts";
import { AuthOptionsError } from "./auth_options_error.ts";
import type { JwtOptions, SignFamily } from "./jwt_options.ts";

/** What tokens are signed and verified with. */
export interface JwtKeys {
  /** Undefined for a member that can only verify what others signed. */
  readonly signing: CryptoKey | Uint8Array | undefined;
  readonly verifying: CryptoKey | Uint8Array;
}

const MISSING_KEY = "auth: missing key data";
const KEY_MISMATCH = "auth: public and private keys don't match";

/** What Node calls the keys of a family; those of HMAC are any bytes. */
const KEY_TYPES: Readonly<Record<Exclude<SignFamily, "hmac">, string>> = {
  rsa: "rsa",
  ec: "ec",
  ed25519: "ed25519",
};

/** Makes keys of what is in the files: PEM, or the secret itself. Throws an AuthOptionsError. */
export async function openJwtKeys(options: JwtOptions): Promise<JwtKeys> {
  const { algorithm, family, publicKey, privateKey } = options;
  if (family === "hmac") {
    if (privateKey === undefined) throw missing("HMAC needs the priv-key");
    return { signing: privateKey, verifying: privateKey };
  }
  const keyType = KEY_TYPES[family];
  const signing = privateKey && parse("priv-key", privateKey, keyType, createPrivateKey);
  const given = publicKey && parse("pub-key", publicKey, keyType, createPublicKey);
  const verifying = signing === undefined ? given : createPublicKey(signing);
  if (verifying === undefined) throw missing("neither priv-key nor pub-key is given");
  if (given !== undefined && !isSame(given, verifying)) {
    throw new AuthOptionsError("pub-key is not that of priv-key", KEY_MISMATCH);
  }
  return {
    signing: signing && await toSigningKey(signing, algorithm),
    verifying: await toVerifyingKey(verifying, algorithm),
  };
}

function parse(
  option: string,
  bytes: Uint8Array,
  keyType: string,
  make: (pem: string) => KeyObject,
): KeyObject {
  let key: KeyObject;
  try {
    key = make(latin1FromBytes(bytes));
  } catch (error) {
    const reason = messageOf(error);
    throw new AuthOptionsError(`${option} is not a key in PEM: ${reason}`);
  }
  if (key.asymmetricKeyType !== keyType) {
    throw new AuthOptionsError(`${option} is a key of ${key.asymmetricKeyType}, not ${keyType}`);
  }
  return key;
}

function isSame(a: KeyObject, b: KeyObject): boolean {
  const [left, right] = [a, b].map((key) => key.export({ type: "spki", format: "der" }));
  return bytesEqual(left, right);
}

function toSigningKey(key: KeyObject, algorithm: string): Promise<CryptoKey> {
  const pem = String(key.export({ type: "pkcs8", format: "pem" }));
  return fitting(importPKCS8(pem, algorithm), algorithm);
}

function toVerifyingKey(key: KeyObject, algorithm: string): Promise<CryptoKey> {
  const pem = String(key.export({ type: "spki", format: "pem" }));
  return fitting(importSPKI(pem, algorithm), algorithm);
}

async function fitting(key: Promise<CryptoKey>, algorithm: string): Promise<CryptoKey> {
  try {
    return await key;
  } catch (error) {
    const reason = messageOf(error);
    throw new AuthOptionsError(`the key does not fit ${algorithm}: ${reason}`);
  }
}

function missing(what: string): AuthOptionsError {
  return new AuthOptionsError(what, MISSING_KEY);
}
