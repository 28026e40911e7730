import type { EtcdError } from "../../core/errors.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import { Writer } from "../../pb/writer.ts";
import type { Waiter } from "../../server/operations/operation.ts";

/** Writes the response to a result. */
export type ResponseWriter<Result> = (writer: Writer, result: Result) => void;

/** Responses are copied into the connection before `respond` returns, so all share one writer. */
const sharedWriter = new Writer();

/** Answers a unary call with what `write` makes of the result. */
export function respond<Result>(
  call: ServerCall,
  write: ResponseWriter<Result>,
  result: Result,
): void {
  sharedWriter.reset();
  write(sharedWriter, result);
  call.respond(sharedWriter.buffer, 0, sharedWriter.position);
}

/** A unary call that waits for an operation. */
export class CallWaiter<Result> implements Waiter<Result> {
  readonly #call: ServerCall;
  readonly #write: ResponseWriter<Result>;

  constructor(call: ServerCall, write: ResponseWriter<Result>) {
    this.#call = call;
    this.#write = write;
  }

  applied(result: Result): void {
    respond(this.#call, this.#write, result);
  }

  failed(error: EtcdError): void {
    this.#call.fail(error.code, error.message);
  }
}
