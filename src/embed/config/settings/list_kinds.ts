import type { EndpointUrl } from "../../../base/endpoint_url.ts";
import { formatUrlList, parseUrlList, uniqueUrls } from "../../../base/url_list.ts";
import { ValueError } from "../errors.ts";
import type { FileValue } from "./file_value.ts";
import { reading, scalarOf, type ValueKind } from "./value_kind.ts";

/** URLs to listen on or to advertise: a comma-separated text on flags and in files. */
export const URL_LIST: ValueKind<EndpointUrl[]> = {
  name: "URL list",
  isSwitch: false,
  // etcd takes an empty text and leaves the list as it was.
  fromText: (text, current) =>
    text === "" ? current : uniqueUrls(reading(() => parseUrlList(text))),
  fromFile(value, current) {
    const { text } = scalarOf(value);
    return text === "" ? current : reading(() => parseUrlList(text));
  },
  toText: formatUrlList,
  copy: (value) => [...value],
};

/** Web origins, or `*` for all of them. */
export const ORIGIN_SET: ValueKind<Set<string>> = {
  name: "origins",
  isSwitch: false,
  fromText: readOrigins,
  fromFile(value, current) {
    const { text } = scalarOf(value);
    return text === "" ? current : readOrigins(text);
  },
  toText: (value) => [...value].sort().join(","),
  copy: (value) => new Set(value),
};

function readOrigins(text: string): Set<string> {
  return new Set(text === "*" ? ["*"] : reading(() => parseUrlList(text)).map(String));
}

/** Host names. */
export const NAME_SET: ValueKind<Set<string>> = {
  name: "names",
  isSwitch: false,
  fromText: (text) => new Set(text.split(",")),
  fromFile(value, current) {
    const { text } = scalarOf(value);
    return text === "" ? current : new Set(text.split(","));
  },
  toText: (value) => [...value].sort().join(","),
  copy: (value) => new Set(value),
};

/** Texts in the order given. */
export const TEXT_LIST: ValueKind<string[]> = {
  name: "list",
  isSwitch: false,
  fromText: (text) => text.split(","),
  fromFile: listOf,
  toText: (value) => value.join(","),
  copy: (value) => [...value],
};

/** Different texts; etcd sorts those that come from a flag. */
export const UNIQUE_TEXT_LIST: ValueKind<string[]> = {
  ...TEXT_LIST,
  fromText: (text) => [...new Set(text.split(","))].sort(),
};

function listOf(value: FileValue): string[] {
  if (value.kind !== "list") throw new ValueError("must be a list, such as [first, second]");
  return value.items.map((item) => scalarOf(item).text);
}
