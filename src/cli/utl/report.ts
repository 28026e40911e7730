import { formatJson, type JsonObject } from "../../base/json.ts";
import { plainText } from "../ctl/byte_text.ts";
import { tableLines } from "../ctl/output/table_lines.ts";
import type { UtlContext } from "./context.ts";

/** A result of a few values, ready for every format. */
export interface Report {
  /** What a table has above its columns. */
  readonly head: readonly string[];
  /** The values as a person reads them. */
  readonly row: readonly string[];
  /** The values with the names that `-w fields` has for them. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly json: JsonObject;
}

/** Prints a result as etcdutl does, in the format that was asked for. */
export function printReport(context: UtlContext, report: Report): void {
  switch (context.format(["simple", "fields", "json", "table"])) {
    case "simple":
      context.print(report.row.join(", "));
      break;
    case "fields":
      for (const [name, value] of report.fields) context.print(`"${name}" : ${value}`);
      break;
    case "json":
      context.print(formatJson(report.json));
      break;
    case "table":
      for (const line of tableLines(report.head, [report.row])) context.print(plainText(line));
      break;
  }
}
