import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { concatBytes, EMPTY_BYTES } from "../../src/base/bytes.ts";
import type { Prng } from "../../src/base/prng.ts";
import {
  allTypes,
  randomMessage,
  type TypeUnderTest,
} from "../../src/pb/testing/message_fixtures.ts";
import * as services from "../../src/pb/services.ts";
import { withBrokenBytes } from "./broken_bytes.ts";
import { lengthDelimited } from "./protobuf_bytes.ts";
import { announcement, message } from "./http2_session.ts";

/** A method of any service. */
export interface AnyMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: { decode(bytes: Uint8Array): unknown };
}

/** Every method of every service, whether it is built or not. */
export const ALL_METHODS: readonly AnyMethod[] = Object.values(services).flatMap((service) =>
  Object.values(service)
);

/** Makes request bodies for methods: some sound, more of them not. */
export class BrokenMessages {
  readonly #types: readonly TypeUnderTest[] = allTypes();
  readonly #typeOf = new Map<unknown, TypeUnderTest>(this.#types.map((type) => [type.codec, type]));

  /** The whole body of a request, framed. */
  body(prng: Prng, method: AnyMethod): Uint8Array {
    if (prng.chance(0.03)) return EMPTY_BYTES;
    const parts: Uint8Array[] = [];
    do parts.push(this.#part(prng, method)); while (prng.chance(0.15));
    const body = Buffer.from(concatBytes(parts));
    return prng.chance(0.1) ? withBrokenBytes(prng, body) : body;
  }

  #part(prng: Prng, method: AnyMethod): Uint8Array {
    const bytes = this.#bytes(prng, method);
    const choice = prng.fraction();
    if (choice < 0.85) return message(bytes);
    if (choice < 0.9) return message(bytes, prng.between(0, 255));
    if (choice < 0.95) return message(gzipSync(bytes), 1);
    return Buffer.concat([announcement(prng.uint32(), prng.pick([0, 0, 1])), bytes]);
  }

  #bytes(prng: Prng, method: AnyMethod): Uint8Array {
    const choice = prng.fraction();
    if (choice < 0.1) return prng.bytes(prng.between(0, 100));
    if (choice < 0.15) return nested(prng);
    const own = this.#typeOf.get(method.request);
    const { codec, reflection } = own === undefined || prng.chance(0.1)
      ? prng.pick(this.#types)
      : own;
    const bytes = Buffer.from(codec.encode(randomMessage(reflection, prng).ours));
    return prng.chance(0.5) ? withBrokenBytes(prng, bytes) : bytes;
  }
}

/** Fields inside fields, as deep as they go, for whoever reads them by calling itself. */
function nested(prng: Prng): Uint8Array {
  const tag = prng.pick([0x0a, 0x12, 0x1a, 0x22]);
  let bytes: Uint8Array = prng.bytes(3);
  for (let depth = prng.pick([50, 400, 3_000]); depth > 0; depth--) {
    bytes = lengthDelimited(tag, bytes);
  }
  return bytes;
}
