import type { EndpointUrl } from "./endpoint_url.ts";
import { parseUrls } from "./url_list.ts";

/** The peer URLs of each named member of a cluster. */
export class UrlsMap {
  readonly #urls: ReadonlyMap<string, readonly EndpointUrl[]>;

  /** Takes URLs that are sorted already. */
  constructor(urls: ReadonlyMap<string, readonly EndpointUrl[]>) {
    this.#urls = urls;
  }

  /** Reads `name=url,name=url`, in which a name may stand again to give another of its URLs. */
  static parse(text: string): UrlsMap {
    const texts = new Map<string, string[]>();
    for (const pair of text.split(",")) {
      if (pair === "") continue;
      const equals = pair.indexOf("=");
      const name = equals < 0 ? pair : pair.slice(0, equals);
      const url = equals < 0 ? "" : pair.slice(equals + 1);
      const known = texts.get(name);
      if (known === undefined) texts.set(name, [url]);
      else known.push(url);
    }
    return new UrlsMap(new Map([...texts].map(([name, urls]) => [name, parseUrls(urls)])));
  }

  /** How many names there are. */
  get size(): number {
    return this.#urls.size;
  }

  /** Whether there are URLs of this name. */
  has(name: string): boolean {
    return this.#urls.has(name);
  }

  /** The URLs of one member, sorted; none when the name is not here. */
  get(name: string): readonly EndpointUrl[] {
    return this.#urls.get(name) ?? [];
  }

  /** The names in the order in which they were given. */
  names(): string[] {
    return [...this.#urls.keys()];
  }

  /** The URLs of all members, sorted. */
  urls(): string[] {
    return [...this.#urls.values()].flatMap((urls) => urls.map(String)).sort();
  }

  /** The sorted `name=url` pairs joined by commas. */
  toString(): string {
    const pairs = [...this.#urls].flatMap(([name, urls]) => urls.map((url) => `${name}=${url}`));
    return pairs.sort().join(",");
  }
}
