import { latin1PrefixEnd } from "../../../embed/client/kv/keys.ts";
import type { Transport } from "../../../embed/client/transport/transport.ts";
import { DeleteRangeRequest, PutRequest } from "../../../pb/etcdserverpb.ts";
import { KV_SERVICE } from "../../../pb/services.ts";
import { CLI_LIMITS } from "../../limits.ts";
import { type ByteText, quoteBytes } from "../byte_text.ts";
import type { CommandContext } from "../context.ts";
import { invalidInput } from "../exit_code.ts";

/** The keys that a check writes, all below a prefix that nothing else uses. */
export class CheckKeys {
  readonly #context: CommandContext;
  readonly #prefix: ByteText;
  readonly #keyBytes: number;
  readonly #value: Uint8Array;

  constructor(context: CommandContext, sizes: { keyBytes: number; valueBytes: number }) {
    this.#context = context;
    this.#prefix = context.flags.text("prefix");
    this.#keyBytes = sizes.keyBytes;
    this.#value = new Uint8Array(sizes.valueBytes);
  }

  /** How much each put writes. */
  get pairBytes(): number {
    return this.#prefix.length + this.#keyBytes + this.#value.length;
  }

  /** Throws a CtlError when there are keys already, which the check would delete. */
  async requireNone(): Promise<void> {
    const { kvs } = await this.#context.call(KV_SERVICE.range, { ...this.#range(), limit: 1 });
    if (kvs.length === 0) return;
    const prefix = this.#prefix;
    const what = `prefix ${quoteBytes(prefix)} has keys.`;
    const hint = `Delete with 'detcd ctl del --prefix ${prefix}' first`;
    throw invalidInput(`${what} ${hint}`);
  }

  /** Writes one more. */
  async put(transport: Transport): Promise<void> {
    const random = crypto.getRandomValues(new Uint8Array(8));
    const key = this.#prefix + String.fromCharCode(...random).padEnd(this.#keyBytes, "\0");
    const request = PutRequest.create({ key, value: this.#value });
    await transport.unary(KV_SERVICE.put.path, PutRequest.encode(request));
  }

  /** Deletes all and returns the revision of that. */
  async deleteAll(): Promise<number> {
    const { transport } = await this.#context.session();
    const request = DeleteRangeRequest.encode(DeleteRangeRequest.create(this.#range()));
    const { path, response } = KV_SERVICE.deleteRange;
    const options = { timeoutMs: CLI_LIMITS.tidyMs };
    const bytes = await transport.unary(path, request, options);
    return response.decode(bytes).header?.revision ?? 0;
  }

  #range(): { key: ByteText; rangeEnd: ByteText } {
    // Without a prefix these are all keys there are, from the first possible one on.
    return { key: this.#prefix || "\0", rangeEnd: latin1PrefixEnd(this.#prefix) };
  }
}
