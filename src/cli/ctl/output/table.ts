import type { MemberListResponse } from "../../../pb/etcdserverpb.ts";
import type { ByteText } from "../byte_text.ts";
import { databaseRows, hashKvRows, healthRows, memberRows, type Rows, statusRows } from "./rows.ts";
import type {
  DatabaseStatus,
  EndpointHashKv,
  EndpointHealth,
  EndpointStatus,
  PrinterOptions,
} from "./printer.ts";
import { tableLines } from "./table_lines.ts";
import { UnsupportedPrinter } from "./unsupported.ts";

/** Lists of members and servers as a table drawn with lines. */
export class TablePrinter extends UnsupportedPrinter {
  readonly #write: (bytes: ByteText) => void;

  constructor({ write }: PrinterOptions) {
    super("table");
    this.#write = write;
  }

  override memberList({ members }: MemberListResponse): void {
    this.#print(memberRows(members));
  }

  override endpointHealth(list: readonly EndpointHealth[]): void {
    this.#print(healthRows(list));
  }

  override endpointStatus(list: readonly EndpointStatus[]): void {
    this.#print(statusRows(list));
  }

  override endpointHashKv(list: readonly EndpointHashKv[]): void {
    this.#print(hashKvRows(list));
  }

  override databaseStatus(status: DatabaseStatus): void {
    this.#print(databaseRows(status));
  }

  #print({ head, rows }: Rows): void {
    this.#write(tableLines(head, rows).map((line) => `${line}\n`).join(""));
  }
}
