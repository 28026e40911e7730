import { BCRYPT_LIMITS } from "./limits.ts";

/** How many random bytes go into a hash. */
export const SALT_BYTES = 16;

const ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HASH_FORM = /^\$2([a-z]?)\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;

/** What one has to know to hash a password. */
export interface BcryptParameters {
  readonly salt: Uint8Array;
  /** The number of rounds is two to the power of it. */
  readonly cost: number;
  /** The letter behind the 2, if any; what it stands for are errors that others made long ago. */
  readonly variant: string;
}

/** The parameters that a hash was made with; undefined if the text is not a hash. */
export function parametersOf(hash: string): BcryptParameters | undefined {
  const match = HASH_FORM.exec(hash);
  if (match === null) return undefined;
  const [, variant, costDigits, salt] = match;
  const cost = Number(costDigits);
  if (cost < BCRYPT_LIMITS.minCost || cost > BCRYPT_LIMITS.maxCost) return undefined;
  return { salt: decode64(salt, SALT_BYTES), cost, variant };
}

/** The text of a hash. */
export function formatHash({ variant, cost, salt }: BcryptParameters, digest: Uint8Array): string {
  return `$2${variant}$${String(cost).padStart(2, "0")}$${encode64(salt)}${encode64(digest)}`;
}

/** Whether two hashes are the same; takes as long wherever they differ. */
export function hashesEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % b.length);
  return difference === 0;
}

/** Base64 with an alphabet and without a padding, as bcrypt has it. */
function encode64(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    bitCount += 8;
    while (bitCount >= 6) {
      bitCount -= 6;
      text += ALPHABET[(bits >> bitCount) & 0x3f];
    }
    bits &= (1 << bitCount) - 1;
  }
  return bitCount === 0 ? text : text + ALPHABET[(bits << (6 - bitCount)) & 0x3f];
}

function decode64(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let bits = 0;
  let bitCount = 0;
  let count = 0;
  for (const character of text) {
    bits = (bits << 6) | ALPHABET.indexOf(character);
    bitCount += 6;
    if (bitCount < 8 || count === length) continue;
    bitCount -= 8;
    bytes[count++] = bits >> bitCount;
    bits &= (1 << bitCount) - 1;
  }
  return bytes;
}
