import { textFromBytes } from "../../../base/bytes.ts";
import { DecodeError } from "../../../pb/decode_error.ts";
import { InternalRaftRequest, Request } from "../../../pb/etcdserverpb.ts";
import { ConfChange, ConfChangeType, type Entry, EntryType } from "../../../pb/raftpb.ts";

/** What an entry of the log asks for. */
interface EntryForm {
  /** One of ENTRY_KINDS. */
  readonly kind: string;
  /** The ID of the request; 0 if it has none. */
  readonly requestId: bigint;
  readonly request: object;
}

const EMPTY = "empty";
const CONF_CHANGE = "conf-change";
const CONF_CHANGE_V2 = "conf-change-v2";
/** What etcd up to 3.5 still asks for in the form of its v2 API. */
const V2_REQUEST = "v2-request";
/** The kind of an entry that is none of the others. */
export const UNREADABLE = "unreadable";

/** All that an entry can be, by the names of the requests. */
export const ENTRY_KINDS: readonly string[] = [
  EMPTY,
  CONF_CHANGE,
  CONF_CHANGE_V2,
  ...Object.keys(InternalRaftRequest.create()).filter(isOperation).map(kindOfField),
  UNREADABLE,
];

const CONF_CHANGE_NAMES = new Map<number, string>(
  Object.entries(ConfChangeType).map(([name, value]) => [value, name.replace("ConfChange", "")]),
);

/** Reads an entry. What cannot be read is shown as the bytes that it is. */
export function entryForm({ type, data }: Entry): EntryForm {
  if (data === undefined || data.length === 0) return { kind: EMPTY, requestId: 0n, request: {} };
  try {
    if (type === EntryType.EntryConfChange) return confChangeForm(data);
    if (type === EntryType.EntryConfChangeV2) return rawForm(CONF_CHANGE_V2, data);
    return requestForm(data) ?? rawForm(UNREADABLE, data);
  } catch (error) {
    if (error instanceof DecodeError) return rawForm(UNREADABLE, data);
    throw error;
  }
}

function confChangeForm(data: Uint8Array): EntryForm {
  const { id, type, nodeId, context } = ConfChange.decode(data);
  return {
    kind: CONF_CHANGE,
    requestId: id,
    request: {
      type: CONF_CHANGE_NAMES.get(type) ?? String(type),
      nodeId,
      context: context === undefined ? "" : textFromBytes(context),
    },
  };
}

function requestForm(data: Uint8Array): EntryForm | undefined {
  return internalForm(data) ?? v2Form(data);
}

function internalForm(data: Uint8Array): EntryForm | undefined {
  let request: InternalRaftRequest;
  try {
    request = InternalRaftRequest.decode(data);
  } catch (error) {
    // A bare request of the v2 API is no InternalRaftRequest.
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
  const requestId = request.header?.id ?? request.id;
  const operation = Object.entries(request).find(([name, value]) =>
    isOperation(name) && value !== undefined
  );
  if (operation === undefined) return undefined;
  return { kind: kindOfField(operation[0]), requestId, request: operation[1] };
}

function v2Form(data: Uint8Array): EntryForm | undefined {
  const request = Request.decode(data);
  if (request.method === "") return undefined;
  const { id, ...rest } = request;
  return { kind: V2_REQUEST, requestId: id, request: rest };
}

function rawForm(kind: string, data: Uint8Array): EntryForm {
  return { kind, requestId: 0n, request: { data } };
}

function isOperation(field: string): boolean {
  return field !== "id" && field !== "header";
}

/** `deleteRange` is called `delete-range`. */
function kindOfField(field: string): string {
  if (field === "v2") return V2_REQUEST;
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
