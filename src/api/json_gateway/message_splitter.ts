import { isBlank } from "../../pb/json/byte_classes.ts";
import { JsonSyntax } from "../../pb/json/json_syntax.ts";
import { HeldBytes } from "./held_bytes.ts";
import { GATEWAY_LIMITS } from "./limits.ts";
import type { GatewayShared } from "./shared.ts";

/** Takes one JSON text. */
type TextListener = (bytes: Uint8Array, start: number, end: number) => void;

/** Finds the JSON texts in a body that carries many, as they come. */
export class MessageSplitter {
  readonly #held: HeldBytes;
  readonly #listener: TextListener;
  #syntax = new JsonSyntax();

  constructor(shared: GatewayShared, listener: TextListener) {
    this.#held = new HeldBytes(shared, GATEWAY_LIMITS.streamedTextBytes);
    this.#listener = listener;
  }

  /** Throws JsonError and GatewayError. */
  add(bytes: Uint8Array, start: number, end: number): void {
    let position = start;
    while (position < end) {
      if (!this.#syntax.begun) {
        while (position < end && isBlank(bytes[position])) position++;
        if (position === end) return;
      }
      const textEnd = this.#syntax.read(bytes, position, end);
      if (textEnd < 0) return this.#held.add(bytes, position, end);
      this.#take(bytes, position, textEnd);
      position = textEnd;
    }
  }

  /** The body has ended: throws JsonError when that is in the midst of a text. */
  finish(): void {
    if (!this.#syntax.begun) return;
    this.#syntax.finish();
    this.#take(new Uint8Array(0), 0, 0);
  }

  /** Gives back what is held. */
  release(): void {
    this.#held.release();
  }

  #take(bytes: Uint8Array, start: number, end: number): void {
    this.#syntax = new JsonSyntax();
    if (this.#held.sizeBytes === 0) return this.#listener(bytes, start, end);
    if (start < end) this.#held.add(bytes, start, end);
    const whole = this.#held.take();
    this.#listener(whole, 0, whole.length);
  }
}
