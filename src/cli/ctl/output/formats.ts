import { badFeature } from "../exit_code.ts";
import { FieldsPrinter } from "./fields.ts";
import { JsonPrinter } from "./json.ts";
import type { Printer, PrinterOptions } from "./printer.ts";
import { ProtobufPrinter } from "./protobuf.ts";
import { SimplePrinter } from "./simple.ts";
import { TablePrinter } from "./table.ts";

/** The printer of a format. Throws a CtlError when there is no such format. */
export function newPrinter(format: string, options: PrinterOptions): Printer {
  switch (format) {
    case "simple":
      return new SimplePrinter(options);
    case "fields":
      return new FieldsPrinter(options);
    case "json":
      return new JsonPrinter(options);
    case "protobuf":
      return new ProtobufPrinter(options);
    case "table":
      return new TablePrinter(options);
    default:
      throw badFeature("unsupported output format");
  }
}
