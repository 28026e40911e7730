/** RFC 6455 section 7.4. */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  /** What is to be text is not UTF-8. */
  INVALID_DATA: 1007,
  TOO_BIG: 1009,
} as const;

/** The other end broke the rules. */
export class WebsocketError extends Error {
  override name = "WebsocketError";
  readonly closeCode: number;

  constructor(closeCode: number, message: string) {
    super(message);
    this.closeCode = closeCode;
  }
}

/** The error for whoever did not keep to the protocol. */
export function broken(message: string): WebsocketError {
  return new WebsocketError(CloseCode.PROTOCOL_ERROR, message);
}

/**
 * Codes that the protocol's registry has; the others in between stand for what an endpoint finds out
 * by itself (1005, 1006, 1015) or for nothing.
 */
const REGISTERED: readonly (readonly [number, number])[] = [[1000, 1003], [1007, 1014]];
/** Of libraries and applications. */
const UNREGISTERED: readonly [number, number] = [3000, 4999];

const CODE_BYTES = 2;

/** Checks what a close frame says: nothing, or a code and a reason. Throws WebsocketError. */
export function checkClosePayload(payload: Uint8Array): void {
  if (payload.length === 0) return;
  if (payload.length < CODE_BYTES) throw broken("a close frame has half a code");
  const code = payload[0] * 256 + payload[1];
  const isKnown = [...REGISTERED, UNREGISTERED].some(([first, last]) => {
    return code >= first && code <= last;
  });
  if (!isKnown) throw broken(`a close frame has the code ${code}`);
  new Utf8Check().take(payload.subarray(CODE_BYTES), true);
}

/** Sees to it that a text, in whatever pieces it comes, is UTF-8. */
export class Utf8Check {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });

  /** Throws WebsocketError. */
  take(bytes: Uint8Array, isLast: boolean): void {
    try {
      this.#decoder.decode(bytes, { stream: !isLast });
    } catch {
      throw new WebsocketError(CloseCode.INVALID_DATA, "a text is not UTF-8");
    }
  }
}
