import type { JsonObject } from "../../../base/json.ts";
import { formatId } from "../../../core/members/member_id.ts";
import { RecordType } from "../../../disk/wal_record.ts";
import type { WalRecordVisitor } from "../../../disk/wal_scan.ts";
import type { WalSegmentReader } from "../../../disk/wal_segment_reader.ts";
import { Metadata } from "../../../pb/etcdserverpb.ts";
import { Entry, HardState } from "../../../pb/raftpb.ts";
import { Snapshot } from "../../../pb/walpb.ts";
import { entryForm } from "./entry_form.ts";
import { messageJson, messageText } from "./message_form.ts";

/** Which records are shown. */
export interface WalFilter {
  /** Only entries from this index on; undefined for all records. */
  readonly fromIndex: number | undefined;
  /** Only entries of these kinds; undefined for all records. */
  readonly kinds: readonly string[] | undefined;
  readonly limit: number;
}

export interface ShownRecord {
  readonly path: string;
  readonly offset: number;
  readonly type: string;
  /** All that the record says, for people. */
  readonly text: string;
  readonly json: JsonObject;
}

/** Shows the records of a log that a filter lets through. */
export class WalDump implements WalRecordVisitor {
  readonly #filter: WalFilter;
  readonly #show: (record: ShownRecord) => void;
  #shownCount = 0;

  constructor(filter: WalFilter, show: (record: ShownRecord) => void) {
    this.#filter = filter;
    this.#show = show;
  }

  /** Whether no more records will be shown. */
  get isDone(): boolean {
    return this.#shownCount >= this.#filter.limit;
  }

  record(reader: WalSegmentReader): void {
    if (this.isDone) return;
    const shown = reader.type === RecordType.ENTRY
      ? this.#entry(reader)
      : this.#isFiltered
      ? undefined
      : otherRecord(reader);
    if (shown === undefined) return;
    this.#shownCount++;
    this.#show({ path: reader.path, offset: reader.recordOffset, ...shown });
  }

  get #isFiltered(): boolean {
    return this.#filter.fromIndex !== undefined || this.#filter.kinds !== undefined;
  }

  #entry(reader: WalSegmentReader): Omit<ShownRecord, "path" | "offset"> | undefined {
    const { fromIndex = 0, kinds } = this.#filter;
    const entry = Entry.decode(reader.bytes, reader.dataStart, reader.dataEnd);
    if (entry.index < fromIndex) return undefined;
    const { kind, requestId, request } = entryForm(entry);
    if (kinds !== undefined && !kinds.includes(kind)) return undefined;
    const { term, index } = entry;
    const id = requestId === 0n ? "" : ` id=${formatId(requestId)}`;
    const text = `term=${term} index=${index}${id} ${kind} ${messageText(request)}`.trimEnd();
    const json = { term, index, id: requestId, kind, request: messageJson(request) };
    return { type: "entry", text, json };
  }
}

function otherRecord(reader: WalSegmentReader): Omit<ShownRecord, "path" | "offset"> {
  const { type, bytes, dataStart, dataEnd } = reader;
  switch (type) {
    case RecordType.CRC: {
      const crc = reader.crc.toString(16).padStart(8, "0");
      return { type: "crc", text: `crc=${crc}`, json: { crc: reader.crc } };
    }
    case RecordType.METADATA:
      return messageRecord("metadata", Metadata.decode(bytes, dataStart, dataEnd));
    case RecordType.STATE:
      return messageRecord("state", HardState.decode(bytes, dataStart, dataEnd));
    case RecordType.SNAPSHOT:
      return messageRecord("snapshot", Snapshot.decode(bytes, dataStart, dataEnd));
    default:
      return messageRecord(`type-${type}`, { data: bytes.subarray(dataStart, dataEnd) });
  }
}

function messageRecord(type: string, message: object): Omit<ShownRecord, "path" | "offset"> {
  return { type, text: messageText(message), json: messageJson(message) };
}
