import { Buffer } from "node:buffer";
import { bufferOf } from "../../base/bytes.ts";

const NAME_FORM = /^[0-9a-z_.-]+$/;
const VALUE_FORM = /^[\x20-\x7e]*$/;

/** Names with this ending carry bytes, base64 coded on the wire. */
const BINARY_SUFFIX = "-bin";

/** What the protocol itself says in headers and trailers, and metadata must not. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  "content-type",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-message",
  "grpc-status",
  "grpc-timeout",
  "te",
]);

/** Whether a header belongs to the protocol rather than to the metadata of a call. */
export function isReservedName(name: string): boolean {
  return name.startsWith(":") || RESERVED_NAMES.has(name);
}

/** Whether the values of this name are bytes. */
export function isBinaryName(name: string): boolean {
  return name.endsWith(BINARY_SUFFIX);
}

/** The position of the first character that base64 does not have there; -1: sound. */
export function base64ErrorPosition(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (!isBase64Character(text.charCodeAt(i))) {
      const rest = text.slice(i);
      const soundPadding = text.length % 4 === 0 && (rest === "=" || rest === "==");
      return soundPadding ? -1 : i;
    }
  }
  return text.length % 4 === 1 ? text.length : -1;
}

function isBase64Character(code: number): boolean {
  if (code >= 0x61) return code <= 0x7a;
  if (code >= 0x41) return code <= 0x5a;
  return (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2f;
}

/** Names and values that go with a call beside its messages, in the order in which they came. */
export class Metadata {
  /**
   * What the layer above worked out of these fields. Requests that repeat have the same metadata,
   * so it must not hold anything of one call.
   */
  memo: object | undefined = undefined;
  readonly #fields: string[];

  /** Takes header fields (name, value, name, value ...) as they are on the wire. */
  static fromFields(fields: readonly string[]): Metadata {
    const metadata = new Metadata();
    for (let i = 0; i < fields.length; i += 2) {
      if (!isReservedName(fields[i])) metadata.#fields.push(fields[i], fields[i + 1]);
    }
    return metadata;
  }

  constructor() {
    this.#fields = [];
  }

  /** name, value, name, value ... as they are on the wire. */
  get fields(): readonly string[] {
    return this.#fields;
  }

  /** The first value of a name, as it is on the wire. */
  get(name: string): string | undefined {
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (this.#fields[i] === name) return this.#fields[i + 1];
    }
    return undefined;
  }

  /** All values of a name, as they are on the wire. */
  getAll(name: string): string[] {
    return this.#fields.filter((_, i) => i % 2 === 1 && this.#fields[i - 1] === name);
  }

  /** All values of a name that ends in "-bin"; intermediaries may have joined them by commas. */
  getAllBinary(name: string): Uint8Array[] {
    return this.getAll(name).flatMap((text) => text.split(",")).map(bytesFromBase64);
  }

  /** Appends a value; the name must not end in "-bin". */
  add(name: string, value: string): void {
    if (isBinaryName(name) || !VALUE_FORM.test(value)) {
      throw new TypeError(`Cannot add metadata "${name}": the value is not plain ASCII text`);
    }
    this.#push(name, value);
  }

  /** Appends bytes; the name must end in "-bin". */
  addBinary(name: string, value: Uint8Array): void {
    if (!isBinaryName(name)) {
      throw new TypeError(`Cannot add metadata "${name}": the name of bytes ends in "-bin"`);
    }
    const bytes = bufferOf(value);
    this.#push(name, bytes.toString("base64").replace(/=+$/, ""));
  }

  #push(name: string, value: string): void {
    if (!NAME_FORM.test(name) || isReservedName(name)) {
      throw new TypeError(`Cannot add metadata "${name}": the name is malformed or reserved`);
    }
    this.#fields.push(name, value);
  }
}

/** Both forms, with and without padding, are in use. */
function bytesFromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.trim(), "base64"));
}
