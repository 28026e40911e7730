import type { Permission } from "../../pb/authpb.ts";

/** Where, among permissions in the order of their keys, those begin that are not before a key. */
export function firstPermissionFrom(permissions: readonly Permission[], key: string): number {
  let [low, high] = [0, permissions.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (permissions[middle].key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The permissions in the order of their keys; the same ones if they are in it already. */
export function inKeyOrder(permissions: readonly Permission[]): readonly Permission[] {
  const isInOrder = permissions.every(({ key }, i) => i === 0 || permissions[i - 1].key <= key);
  if (isInOrder) return permissions;
  return permissions.toSorted((a, b) => a.key < b.key ? -1 : Number(a.key > b.key));
}
