import { latin1FromBytes, textFromBytes } from "../../../base/bytes.ts";
import { RevisionKeyFields } from "../../../core/mvcc/revision_key.ts";
import { Bucket, decodeUint64, MetaKey, UINT64_BYTES } from "../../../disk/backend/schema.ts";
import { Role, User } from "../../../pb/authpb.ts";
import { DecodeError } from "../../../pb/decode_error.ts";
import { AlarmMember } from "../../../pb/etcdserverpb.ts";
import { Lease } from "../../../pb/leasepb.ts";
import { KeyValue } from "../../../pb/mvccpb.ts";

/** What a pair of etcd's file means. */
interface PairForm {
  /** The main revision of a change; undefined for all other pairs. */
  readonly revision: number | undefined;
  readonly content: object;
}

/** Reads a pair. What cannot be read is shown as the bytes that it is. */
export function pairForm(bucket: string, key: Uint8Array, value: Uint8Array): PairForm {
  try {
    if (bucket === Bucket.KEY) return changeForm(key, value);
    return { revision: undefined, content: contentOf(bucket, key, value) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { revision: undefined, content: raw(key, value) };
  }
}

function changeForm(key: Uint8Array, value: Uint8Array): PairForm {
  const fields = new RevisionKeyFields();
  if (!fields.read(key, 0, key.length)) return { revision: undefined, content: raw(key, value) };
  const { main, sub, tombstone } = fields;
  const revision = `${main}/${sub}`;
  const content = { revision, change: tombstone ? "delete" : "put", ...KeyValue.decode(value) };
  return { revision: main, content };
}

function contentOf(bucket: string, key: Uint8Array, value: Uint8Array): object {
  switch (bucket) {
    case Bucket.META:
      return { name: latin1FromBytes(key), value: metaValue(latin1FromBytes(key), value) };
    case Bucket.AUTH:
      return { name: latin1FromBytes(key), value: numberText(value) };
    case Bucket.AUTH_USERS:
      return User.decode(value);
    case Bucket.AUTH_ROLES:
      return Role.decode(value);
    case Bucket.LEASE:
      return Lease.decode(value);
    case Bucket.ALARM:
      return AlarmMember.decode(key);
    case Bucket.CLUSTER:
    case Bucket.MEMBERS:
    case Bucket.MEMBERS_REMOVED:
      return { name: textFromBytes(key), value: textFromBytes(value) };
    default:
      return raw(key, value);
  }
}

function metaValue(name: string, value: Uint8Array): string {
  switch (name) {
    case MetaKey.CONSISTENT_INDEX:
    case MetaKey.TERM:
      return numberText(value);
    case MetaKey.SCHEDULED_COMPACT_REVISION:
    case MetaKey.FINISHED_COMPACT_REVISION: {
      const fields = new RevisionKeyFields();
      return fields.read(value, 0, value.length) ? `${fields.main}/${fields.sub}` : value.toHex();
    }
    default:
      return textFromBytes(value);
  }
}

/** A big-endian number of eight bytes or of one. */
function numberText(value: Uint8Array): string {
  if (value.length === UINT64_BYTES) return String(decodeUint64(value));
  return value.length === 1 ? String(value[0]) : value.toHex();
}

function raw(rawKey: Uint8Array, rawValue: Uint8Array): object {
  return { rawKey, rawValue };
}
