import assert from "node:assert/strict";
import { GrpcCode } from "../../../src/base/grpc_code.ts";
import { Prng } from "../../../src/base/prng.ts";
import { PermissionType } from "../../../src/pb/authpb.ts";
import { KV_SERVICE } from "../../../src/pb/services.ts";
import { addUserWithRole, AuthAdmin, enableAuth, withToken } from "../../harness/auth_calls.ts";
import { describeBothTargets } from "../../harness/both_targets.ts";
import type { GrpcClient } from "../../harness/grpc_client.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

const ROUNDS = 60;
const QUESTIONS_PER_ROUND = 20;
const TYPES = [PermissionType.READ, PermissionType.WRITE, PermissionType.READWRITE];
/** Behind every key. */
const INFINITE = "\xff\xff\xff";

/** A range of keys as requests have it. */
interface KeyRange {
  readonly key: string;
  readonly rangeEnd: string;
}

/** What was granted, in the order of the grants, and the rights that follow from it by their definition. */
class ModelRole {
  readonly grants: { range: KeyRange; type: number }[] = [];

  grant(range: KeyRange, type: number): void {
    const sameKey = this.grants.filter((one) => one.range.key === range.key);
    // As in etcd, only the first permission of a key is found again.
    const first = sameKey.at(0);
    if (first !== undefined && first.range.rangeEnd === range.rangeEnd) first.type = type;
    else this.grants.push({ range, type });
  }

  revoke(range: KeyRange): boolean {
    const isOther = (one: KeyRange) => one.key !== range.key || one.rangeEnd !== range.rangeEnd;
    const kept = this.grants.filter((one) => isOther(one.range));
    return this.grants.splice(0, this.grants.length, ...kept).length > kept.length;
  }

  /** A range is covered if its first key is, and every key at which some permission ends. */
  allows(range: KeyRange, type: number): boolean {
    const intervals = this.grants
      .filter((one) => one.type === type || one.type === PermissionType.READWRITE)
      .map((one) => intervalOf(one.range));
    const [start, end] = intervalOf(range);
    const isInside = (key: string) => intervals.some(([from, to]) => from <= key && key < to);
    const ends = intervals.map(([, to]) => to).filter((to) => to > start && to < end);
    return isInside(start) && ends.every(isInside) &&
      (end !== INFINITE || intervals.some(([, to]) => to === INFINITE));
  }
}

function intervalOf({ key, rangeEnd }: KeyRange): [string, string] {
  if (rangeEnd === "") return [key, `${key}\0`];
  return [key, rangeEnd === "\0" ? INFINITE : rangeEnd];
}

function randomKey(prng: Prng): string {
  const letters = ["a", "b", "c", "\0"];
  return prng.pick(["a", "b", "c"]) + (prng.fraction() < 0.5 ? prng.pick(letters) : "");
}

/** None that ends before it begins: what etcd says of those depends on how its tree came about. */
function randomRange(prng: Prng): KeyRange {
  const key = randomKey(prng);
  const kind = prng.fraction();
  if (kind < 0.3) return { key, rangeEnd: "" };
  if (kind < 0.4) return { key, rangeEnd: "\0" };
  const rangeEnd = randomKey(prng);
  return rangeEnd <= key ? { key, rangeEnd: `${key}\0\0` } : { key, rangeEnd };
}

/** Whether the user may read, or write, the range; nothing is there that could be changed. */
async function isAllowed(
  client: GrpcClient,
  token: string,
  range: KeyRange,
  type: number,
): Promise<boolean> {
  try {
    if (type === PermissionType.READ) {
      await client.call(KV_SERVICE.range, { ...range, serializable: true }, withToken(token));
    } else await client.call(KV_SERVICE.deleteRange, { ...range }, withToken(token));
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    assert.equal(error.code, GrpcCode.PermissionDenied, error.message);
    return false;
  }
}

/** The token of root on each server. */
const tokens = new Map<string, string>();

describeBothTargets("random rights", (test) => {
  for (const seed of [1, 2]) {
    test(`follow from what was granted (seed ${seed})`, async ({ client, server }) => {
      const prng = new Prng(seed);
      const isFirst = seed === 1;
      const root = isFirst ? await enableAuth(client) : tokens.get(server.endpoint) ?? "";
      tokens.set(server.endpoint, root);
      const admin = new AuthAdmin(client, root);
      const token = await addUserWithRole(client, root, `user${seed}`);
      const role = new ModelRole();
      for (let round = 0; round < ROUNDS; round++) {
        await changeSomething(prng, admin, `user${seed}`, role);
        for (let i = 0; i < QUESTIONS_PER_ROUND; i++) {
          const range = randomRange(prng);
          const type = prng.pick([PermissionType.READ, PermissionType.WRITE]);
          const found = await isAllowed(client, token, range, type);
          const question = JSON.stringify({ range, type, grants: role.grants });
          assert.equal(found, role.allows(range, type), question);
        }
      }
    });
  }
}, { targets: NEWER_TARGET_NAMES });

async function changeSomething(
  prng: Prng,
  admin: AuthAdmin,
  name: string,
  role: ModelRole,
): Promise<void> {
  if (prng.fraction() < 0.6 || role.grants.length === 0) {
    const [range, type] = [randomRange(prng), prng.pick(TYPES)];
    await admin.grant(name, range.key, range.rangeEnd, type);
    role.grant(range, type);
  } else {
    const { range } = prng.pick(role.grants);
    await admin.revoke(name, range.key, range.rangeEnd);
    assert.ok(role.revoke(range));
  }
}
