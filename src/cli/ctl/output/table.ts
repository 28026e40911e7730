import type { MemberListResponse } from "../../../pb/etcdserverpb.ts";
import { type ByteText, plainText } from "../byte_text.ts";
import { databaseRows, hashKvRows, healthRows, memberRows, type Rows, statusRows } from "./rows.ts";
import type {
  DatabaseStatus,
  EndpointHashKv,
  EndpointHealth,
  EndpointStatus,
  PrinterOptions,
} from "./printer.ts";
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
    const titles = head.map((title) => title.toUpperCase());
    const widths = titles.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => widthOf(row[column])))
    );
    const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+`;
    const centered = titles.map((title, column) => {
      const left = Math.floor((widths[column] - title.length) / 2);
      return (" ".repeat(left) + title).padEnd(widths[column]);
    });
    const aligned = rows.map((row) =>
      row.map((cell, column) => " ".repeat(widths[column] - widthOf(cell)) + cell)
    );
    // A table without rows has its lower rule all the same.
    const lines = [rule, lineOf(centered), rule, ...aligned.map(lineOf), rule];
    this.#write(lines.map((line) => `${line}\n`).join(""));
  }
}

/** Columns are counted in characters, not in bytes. */
function widthOf(cell: ByteText): number {
  return [...plainText(cell)].length;
}

function lineOf(cells: readonly ByteText[]): ByteText {
  return `| ${cells.join(" | ")} |`;
}
