import { bytesFromLatin1, latin1FromBytes } from "../../base/bytes.ts";
import { type BucketRoot, readBucketRoot } from "./bucket_root.ts";
import { Cursor, findLeaf, indexOfKey, topPage } from "./cursor.ts";
import type { Meta } from "./meta.ts";
import type { Page } from "./page.ts";
import type { PageSource } from "./page_store.ts";

/** A committed state of the file, which never changes. */
export class Tree {
  readonly meta: Meta;
  /** The bucket of buckets. */
  readonly root: BucketRoot;
  readonly #buckets = new Map<string, BucketRoot | undefined>();

  constructor(meta: Meta) {
    this.meta = meta;
    this.root = { pageId: meta.rootId, inlinePage: undefined, sequence: meta.rootSequence };
  }

  bucket(source: PageSource, name: string): BucketRoot | undefined {
    let root = this.#buckets.get(name);
    if (root === undefined && !this.#buckets.has(name)) {
      root = this.#findBucket(source, bytesFromLatin1(name));
      this.#buckets.set(name, root);
    }
    return root;
  }

  /** In the order of their bytes. */
  bucketNames(source: PageSource): string[] {
    const names: string[] = [];
    const cursor = new Cursor(source, this.root);
    for (let found = cursor.first(); found; found = cursor.next()) {
      if (!cursor.isBucket) continue;
      names.push(latin1FromBytes(cursor.bytes, cursor.keyStart, cursor.valueStart));
    }
    return names;
  }

  #findBucket(source: PageSource, name: Uint8Array): BucketRoot | undefined {
    const leaf: Page = findLeaf(source, topPage(source, this.root), name);
    const index = indexOfKey(leaf, name);
    if (index < 0 || !leaf.isBucket(index)) return undefined;
    const offset = leaf.id * source.pageBytes;
    return readBucketRoot(leaf, index, { path: source.path, offset });
  }
}
