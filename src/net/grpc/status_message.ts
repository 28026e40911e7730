import { bytesFromText } from "../../base/bytes.ts";
import { GRPC_LIMITS } from "../limits.ts";

const PLAIN_FORM = /^[\x20-\x24\x26-\x7e]*$/;
const HEX_DIGITS = "0123456789ABCDEF";

/** A text in the percent-encoded form of the `grpc-message` trailer. */
export function encodeStatusMessage(message: string): string {
  const text = cut(message);
  if (PLAIN_FORM.test(text)) return text;
  let encoded = "";
  for (const byte of bytesFromText(text)) {
    if (byte >= 0x20 && byte <= 0x7e && byte !== 0x25) encoded += String.fromCharCode(byte);
    else encoded += "%" + HEX_DIGITS[byte >> 4] + HEX_DIGITS[byte & 15];
  }
  return encoded;
}

/** A text in double quotes with escapes, as the messages of gRPC in Go quote what they name. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

function cut(message: string): string {
  const most = GRPC_LIMITS.maxStatusMessageChars;
  return message.length <= most ? message : message.slice(0, most - 3) + "...";
}
