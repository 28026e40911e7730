/** RFC 7541 appendix A: entry i stands at 2(i - 1) as name and value. */
export const STATIC_FIELDS: readonly string[] = [
  ...[":authority", "", ":method", "GET", ":method", "POST", ":path", "/"],
  ...[":path", "/index.html", ":scheme", "http", ":scheme", "https", ":status", "200"],
  ...[":status", "204", ":status", "206", ":status", "304", ":status", "400"],
  ...[":status", "404", ":status", "500", "accept-charset", "", "accept-encoding", "gzip, deflate"],
  ...["accept-language", "", "accept-ranges", "", "accept", "", "access-control-allow-origin", ""],
  ...["age", "", "allow", "", "authorization", "", "cache-control", ""],
  ...["content-disposition", "", "content-encoding", "", "content-language", ""],
  ...["content-length", "", "content-location", "", "content-range", "", "content-type", ""],
  ...["cookie", "", "date", "", "etag", "", "expect", "", "expires", "", "from", "", "host", ""],
  ...["if-match", "", "if-modified-since", "", "if-none-match", "", "if-range", ""],
  ...["if-unmodified-since", "", "last-modified", "", "link", "", "location", ""],
  ...["max-forwards", "", "proxy-authenticate", "", "proxy-authorization", "", "range", ""],
  ...["referer", "", "refresh", "", "retry-after", "", "server", "", "set-cookie", ""],
  ...["strict-transport-security", "", "transfer-encoding", "", "user-agent", "", "vary", ""],
  ...["via", "", "www-authenticate", ""],
];

/** How many entries the static table has: indexes above belong to the dynamic table. */
export const STATIC_ENTRY_COUNT: number = STATIC_FIELDS.length / 2;

/** The lowest static index of each name. */
export const STATIC_INDEX_OF_NAME: ReadonlyMap<string, number> = firstIndexes();

function firstIndexes(): Map<string, number> {
  const indexes = new Map<string, number>();
  for (let i = 0; i < STATIC_FIELDS.length; i += 2) {
    if (!indexes.has(STATIC_FIELDS[i])) indexes.set(STATIC_FIELDS[i], i / 2 + 1);
  }
  return indexes;
}
