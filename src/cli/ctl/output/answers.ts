import type { JsonObject, JsonValue } from "../../../base/json.ts";
import type { MessageCodec } from "../../../pb/codec.ts";
import type { ResponseHeader } from "../../../pb/etcdserverpb.ts";
import type { ByteText } from "../byte_text.ts";
import { headerJson, present } from "./json_forms.ts";
import type { Answer } from "./printer.ts";

/** What every message that answers a request begins with. */
export interface WithHeader {
  readonly header: ResponseHeader | undefined;
}

/** The answer to a change: that it was made is all there is to tell. */
export function doneAnswer<T extends WithHeader>(
  codec: MessageCodec<T>,
  message: T,
  line: ByteText,
): Answer<T> {
  return { ...answerOf(codec, message, [line], {}), fields: [] };
}

/** An answer that `-w fields` cannot show. */
export function answerOf<T extends WithHeader>(
  codec: MessageCodec<T>,
  message: T,
  lines: readonly ByteText[],
  json: Readonly<Record<string, JsonValue | undefined>>,
): Answer<T> {
  const { header } = message;
  const whole: JsonObject = present({ header: headerJson(header), ...json });
  return { codec, message, header, lines, json: whole };
}
