/** What a JSON text can hold once its whole numbers beyond 2^53 are kept exact. */
export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | JsonValue[]
  | JsonObject;

export interface JsonObject {
  [name: string]: JsonValue;
}

/**
 * Parses JSON whose numbers may be 64 bits wide, as etcd's member IDs are: a whole number that a
 * `number` cannot hold exactly becomes a `bigint`. Throws a SyntaxError on malformed text.
 */
export function parseJson(text: string): JsonValue {
  return JSON.parse(text, (_name: string, value: JsonValue, context?: { source?: string }) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source ?? "";
    return /^-?\d+$/.test(source) ? BigInt(source) : value;
  });
}

/** Writes JSON in which a `bigint` is a bare number. */
export function formatJson(value: JsonValue): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(formatJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value).map(([name, member]) =>
      `${JSON.stringify(name)}:${formatJson(member)}`
    );
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** The value as a 64-bit ID, or undefined when it is none. */
export function jsonUint64(value: JsonValue | undefined): bigint | undefined {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

/** The value as a list of strings; anything else is an empty list. */
export function jsonStrings(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
