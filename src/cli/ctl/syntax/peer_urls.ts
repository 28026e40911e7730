import { UrlError } from "../../../base/endpoint_url.ts";
import { parseUrlList } from "../../../base/url_list.ts";
import { byteText, plainText } from "../byte_text.ts";
import { badArguments, CtlError, EXIT_CODE } from "../exit_code.ts";
import type { FlagSet } from "../flags/flag_set.ts";

/**
 * The URLs that `--peer-urls` names, as they were given. Throws a CtlError when there are none or
 * one of them is malformed, which is told in better words than the server has.
 */
export function peerUrlsOf(flags: FlagSet): string[] {
  const text = plainText(flags.text("peer-urls"));
  if (text === "") throw badArguments("member peer urls not provided");
  try {
    parseUrlList(text);
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    throw new CtlError(EXIT_CODE.error, byteText(error.message), { cause: error });
  }
  return text.split(",");
}
