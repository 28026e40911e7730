import { RequestOp } from "../../../pb/etcdserverpb.ts";
import type { ByteText } from "../byte_text.ts";
import { DEL_FLAGS, delRequest, warnOfRange } from "../commands/del.ts";
import { GET_FLAGS, getRequest } from "../commands/get.ts";
import { PUT_FLAGS, putRequest } from "../commands/put.ts";
import { invalidInput } from "../exit_code.ts";
import type { Flag } from "../flags/flag.ts";
import { FlagError, FlagSet } from "../flags/flag_set.ts";
import type { CtlIo } from "../io.ts";
import { splitWords } from "./words.ts";

/** How one kind of operation is written. */
interface OperationSyntax {
  readonly name: string;
  readonly flags: readonly Flag[];
  readonly read: (flags: FlagSet, args: readonly ByteText[]) => Partial<RequestOp>;
  /** Warns of what may be a slip, and gives time to think again. */
  readonly warn?: (io: CtlIo, flags: FlagSet, args: readonly ByteText[]) => Promise<void>;
}

const SYNTAXES: readonly OperationSyntax[] = [
  {
    name: "put",
    flags: PUT_FLAGS,
    read: (flags, args) => ({ requestPut: putRequest(flags, args, "") }),
  },
  {
    name: "get",
    flags: GET_FLAGS,
    read: (flags, args) => ({ requestRange: getRequest(flags, args) }),
  },
  {
    name: "del",
    flags: DEL_FLAGS,
    read: (flags, args) => ({ requestDeleteRange: delRequest(flags, args) }),
    warn: warnOfRange,
  },
];

/** Reads an operation such as `put key "value"`. Throws a CtlError when it is malformed. */
export async function parseOperation(line: ByteText, io: CtlIo): Promise<RequestOp> {
  const words = splitWords(line);
  if (words.length < 2) throw invalidInput(`invalid txn compare request: ${line}`);
  const [name, ...rest] = words;
  const syntax = SYNTAXES.find((candidate) => candidate.name === name);
  if (syntax === undefined) throw invalidInput(`invalid txn request: ${line}`);
  const flags = new FlagSet(syntax.flags);
  try {
    const { args } = flags.parse(rest);
    const operation = RequestOp.create(syntax.read(flags, args));
    await syntax.warn?.(io, flags, args);
    return operation;
  } catch (error) {
    if (error instanceof FlagError) throw invalidInput(`invalid txn request: ${line}`);
    throw error;
  }
}
