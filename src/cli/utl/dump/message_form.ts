import { bytesFromLatin1, latin1FromBytes } from "../../../base/bytes.ts";
import { goQuote } from "../../../base/go_quote.ts";
import type { JsonObject, JsonValue } from "../../../base/json.ts";
import { type ByteText, plainText, quoteBytes } from "../../ctl/byte_text.ts";
import { base64 } from "../../ctl/output/json_forms.ts";
import { CLI_LIMITS } from "../../limits.ts";

/** Fields that hold bytes as one character each. */
const BYTE_FIELDS: ReadonlySet<string> = new Set(["key", "rangeEnd"]);

/** A dump must not carry secrets to wherever it is sent. */
const SECRET_FIELDS: ReadonlySet<string> = new Set(["password", "hashedPassword", "simpleToken"]);
const HIDDEN = "(hidden)";

/** The fields of a message that say something, as people read them: `key="a" lease=1f`. */
export function messageText(message: object): string {
  return tellingFields(message).map(([name, value]) => `${name}=${valueText(name, value)}`)
    .join(" ");
}

/** The same fields as JSON, with bytes in base64 as in etcd's own JSON. */
export function messageJson(message: object): JsonObject {
  return Object.fromEntries(
    tellingFields(message).map(([name, value]) => [name, valueJson(name, value)]),
  );
}

/** Bytes in quotes; long ones are cut. */
function bytesText(bytes: Uint8Array): string {
  return latin1Text(latin1FromBytes(bytes));
}

function latin1Text(bytes: ByteText): string {
  if (bytes.length <= CLI_LIMITS.shownBytes) return plainText(quoteBytes(bytes));
  const start = plainText(quoteBytes(bytes.slice(0, CLI_LIMITS.shownBytes)));
  return `${start}...(${bytes.length} bytes)`;
}

/** What protobuf does not send says nothing. */
function tellingFields(message: object): [name: string, value: unknown][] {
  return Object.entries(message).filter(([, value]) => {
    if (Array.isArray(value) || value instanceof Uint8Array) return value.length > 0;
    return value !== undefined && value !== "" && value !== 0 && value !== 0n && value !== false;
  });
}

function valueText(name: string, value: unknown): string {
  if (SECRET_FIELDS.has(name)) return HIDDEN;
  if (value instanceof Uint8Array) return bytesText(value);
  if (Array.isArray(value)) return `[${value.map((item) => valueText(name, item)).join(" ")}]`;
  if (typeof value === "object" && value !== null) return `{${messageText(value)}}`;
  // Numbers of 64 bits are IDs, which etcd shows in this way.
  if (typeof value === "bigint") return BigInt.asUintN(64, value).toString(16);
  if (typeof value !== "string") return String(value);
  return BYTE_FIELDS.has(name) ? latin1Text(value) : goQuote(value);
}

function valueJson(name: string, value: unknown): JsonValue {
  if (SECRET_FIELDS.has(name)) return HIDDEN;
  if (value instanceof Uint8Array) return base64(value);
  if (Array.isArray(value)) return value.map((item) => valueJson(name, item));
  if (typeof value === "object" && value !== null) return messageJson(value);
  if (typeof value === "string") {
    return BYTE_FIELDS.has(name) ? base64(bytesFromLatin1(value)) : value;
  }
  const isPlain = typeof value === "number" || typeof value === "bigint" ||
    typeof value === "boolean";
  return isPlain ? value : null;
}
