import { Buffer } from "node:buffer";
import { isBinaryName, isReservedName, Metadata } from "./metadata.ts";

type ServiceMetadataValue = string | Buffer;

/** The metadata of a call in the shape that handlers written for grpc-js expect. */
export class ServiceMetadata {
  readonly #values = new Map<string, ServiceMetadataValue[]>();

  static fromMetadata(metadata: Metadata): ServiceMetadata {
    const converted = new ServiceMetadata();
    const fields = metadata.fields;
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i];
      if (!isBinaryName(name)) converted.add(name, fields[i + 1]);
      else if (!converted.#values.has(name)) converted.#values.set(name, buffers(metadata, name));
    }
    return converted;
  }

  /** All values of a name. */
  get(name: string): ServiceMetadataValue[] {
    return [...this.#values.get(name.toLowerCase()) ?? []];
  }

  /** The first value of every name. */
  getMap(): Record<string, ServiceMetadataValue> {
    const entries = Array.from(this.#values, ([name, values]) => [name, values[0]] as const);
    return Object.fromEntries(entries);
  }

  set(name: string, value: ServiceMetadataValue): void {
    this.#values.set(name.toLowerCase(), [value]);
  }

  add(name: string, value: ServiceMetadataValue): void {
    const key = name.toLowerCase();
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [value]);
    else values.push(value);
  }

  remove(name: string): void {
    this.#values.delete(name.toLowerCase());
  }

  clone(): ServiceMetadata {
    const copy = new ServiceMetadata();
    copy.merge(this);
    return copy;
  }

  merge(other: ServiceMetadata): void {
    for (const [name, values] of other.#values) {
      for (const value of values) this.add(name, value);
    }
  }

  toJSON(): Record<string, ServiceMetadataValue[]> {
    return Object.fromEntries(this.#values);
  }
}

/**
 * What a handler gave us as metadata: grpc-js's own or ours, both of which turn into an object of
 * lists. Undefined if it gave none.
 */
export function metadataFromHandler(given: unknown): Metadata | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  if (!("toJSON" in given) || typeof given.toJSON !== "function") {
    throw new TypeError("Cannot send metadata: the value is not a Metadata object");
  }
  const lists: unknown = given.toJSON();
  const metadata = new Metadata();
  for (const [name, values] of Object.entries(lists ?? {})) {
    if (Array.isArray(values) && !isReservedName(name)) addValues(metadata, name, values);
  }
  return metadata;
}

function addValues(metadata: Metadata, name: string, values: readonly unknown[]): void {
  for (const value of values) {
    if (value instanceof Uint8Array) metadata.addBinary(name, value);
    else metadata.add(name, String(value));
  }
}

function buffers(metadata: Metadata, name: string): Buffer[] {
  return metadata.getAllBinary(name).map((bytes) => Buffer.from(bytes.buffer));
}
