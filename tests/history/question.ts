import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { bytesEqual, latin1FromBytes } from "../../src/base/bytes.ts";
import { ResponseHeader } from "../../src/pb/etcdserverpb.ts";
import type { CallFailure, GrpcClient, Method } from "../harness/grpc_client.ts";

/** One request that any number of servers can be asked, and how to look at what they answer. */
export interface Question {
  /** The request, for the message of a failure. */
  readonly shown: unknown;
  readonly path: string;
  readonly request: Uint8Array;
  /** What of the response must be equal. */
  readonly view: (response: Uint8Array) => unknown;
}

/** The response as it came, or the refusal. */
export type Answer = Uint8Array | CallFailure;

/** Longer byte strings are shown by their length and a hash. */
const MAX_SHOWN_BYTES = 64;
/** Field 1, with a length. */
const HEADER_TAG = 0x0a;

/** Asks one method; `view` brings what may differ between two servers into one form. */
export function question<Request, Response>(
  method: Method<Request, Response>,
  fields: Partial<Request> = {},
  view: (response: Response) => unknown = (response) => response,
): Question {
  return {
    shown: { method: method.path, ...fields },
    path: method.path,
    request: method.request.encode(method.request.create(fields)),
    view: (response) => comparable(view(method.response.decode(response))),
  };
}

/** Asks one server. */
export async function ask(client: GrpcClient, asked: Question): Promise<Answer> {
  try {
    return await client.callBytes(asked.path, asked.request);
  } catch (error) {
    if (error instanceof Error && "code" in error && "details" in error) {
      return { code: Number(error.code), text: String(error.details) };
    }
    throw error;
  }
}

/** Fails unless the second server answered as the first did. */
export function assertSameAnswer(asked: Question, first: Answer, second: Answer, at: string): void {
  // Equal bytes need no decoding, which saves most of the time of a long comparison.
  if (isResponse(first) && isResponse(second) && sameBytes(first, second)) return;
  assert.deepEqual(viewOf(asked, second), viewOf(asked, first), `${at}: ${inspected(asked.shown)}`);
}

/** The revision that an answer tells, 0 for a refusal and where an alarm's answer has no header. */
export function revisionOfAnswer(answer: Answer): number {
  const end = isResponse(answer) ? headerEnd(answer) : 0;
  return isResponse(answer) && end > 0 ? ResponseHeader.decode(answer, 2, end).revision : 0;
}

function isResponse(answer: Answer): answer is Uint8Array {
  return answer instanceof Uint8Array;
}

function viewOf(asked: Question, answer: Answer): unknown {
  return isResponse(answer) ? asked.view(answer) : answer;
}

function sameBytes(first: Uint8Array, second: Uint8Array): boolean {
  return revisionOfAnswer(first) === revisionOfAnswer(second) &&
    bytesEqual(first.subarray(headerEnd(first)), second.subarray(headerEnd(second)));
}

/** The header, if there is one, is the first field and shorter than 128 bytes. */
function headerEnd(response: Uint8Array): number {
  return response.length > 0 && response[0] === HEADER_TAG ? 2 + response[1] : 0;
}

/** Two clusters differ in their ids and terms, and in nothing else. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytesShown(value);
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const hidden = ["clusterId", "memberId", "raftTerm"];
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => !hidden.includes(name))
      .map(([name, field]) => [name, comparable(field)]),
  );
}

function bytesShown(bytes: Uint8Array): string {
  if (bytes.length <= MAX_SHOWN_BYTES) return JSON.stringify(latin1FromBytes(bytes));
  const hash = createHash("sha256").update(bytes).digest("hex");
  return `${bytes.length} bytes of sha256 ${hash}`;
}

function inspected(shown: unknown): string {
  return Deno.inspect(comparable(shown), { depth: 12 });
}
