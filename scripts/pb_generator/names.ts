/**
 * Turns a name of a .proto file into ours: camel case in which an acronym is a word, so that
 * `peerURLs`, `member_ID` and `HashKV` become `peerUrls`, `memberId` and `hashKv`.
 */
export function camelCase(name: string): string {
  const words = wordsOf(name);
  return words[0] + words.slice(1).map((word) => word[0].toUpperCase() + word.slice(1)).join("");
}

/** The same words as a constant is written: `PutRequest` becomes `PUT_REQUEST`. */
export function constantCase(name: string): string {
  return wordsOf(name).join("_").toUpperCase();
}

/** `URLs` is one word, `HTTPServer` two, `TTL` one, `prev_kv` two. */
function wordsOf(name: string): string[] {
  const words = name.match(/[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z0-9]+/g);
  if (words === null) throw new Error(`no words in the name "${name}"`);
  return words.map((word) => word.toLowerCase());
}
