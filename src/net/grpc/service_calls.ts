import { EventEmitter } from "node:events";
import { Duplex, Readable, Writable } from "node:stream";
import { GrpcCode } from "../../base/grpc_code.ts";
import type { ServerCall } from "./server_call.ts";
import type { ServiceMethod } from "./service_method.ts";
import { metadataFromHandler, ServiceMetadata } from "./service_metadata.ts";
import { failWithError } from "./service_status.ts";

// The call objects that handlers written for grpc-js expect: an EventEmitter for unary calls, and
// streams of objects for the others.

type WriteCallback = (error?: Error | null) => void;

/** What the objects of all kinds tell about a call. */
class CallSurface {
  readonly call: ServerCall;
  readonly method: ServiceMethod;
  readonly metadata: ServiceMetadata;

  constructor(call: ServerCall, method: ServiceMethod) {
    this.call = call;
    this.method = method;
    this.metadata = ServiceMetadata.fromMetadata(call.metadata);
  }

  sendMetadata(metadata: unknown): void {
    const converted = metadataFromHandler(metadata);
    if (converted !== undefined) this.call.sendMetadata(converted);
  }

  /** As a Date or Infinity, on the wall clock. */
  deadline(): Date | number {
    if (this.call.deadlineMs === Infinity) return Infinity;
    const remainingMs = this.call.deadlineMs - this.method.clock.monotonicMs();
    return new Date(this.method.clock.wallMs() + remainingMs);
  }
}

/** What a unary handler gets. */
export class ServiceUnaryCall extends EventEmitter {
  readonly metadata: ServiceMetadata;
  readonly request: unknown;
  cancelled = false;
  readonly #surface: CallSurface;

  constructor(call: ServerCall, method: ServiceMethod, request: unknown) {
    super();
    this.#surface = new CallSurface(call, method);
    this.metadata = this.#surface.metadata;
    this.request = request;
    call.onCancel = () => {
      this.cancelled = true;
      this.emit("cancelled", "cancelled");
    };
  }

  getPeer(): string {
    return this.#surface.call.remote.address;
  }

  getPath(): string {
    return this.#surface.call.path;
  }

  getHost(): string {
    return this.#surface.call.authority;
  }

  getDeadline(): Date | number {
    return this.#surface.deadline();
  }

  getAuthContext(): Record<string, unknown> {
    return {};
  }

  sendMetadata(metadata: unknown): void {
    this.#surface.sendMetadata(metadata);
  }
}

/** Sends the objects that a handler writes, at the pace of the client. */
class ResponseWriter {
  readonly #call: ServerCall;
  readonly #method: ServiceMethod;
  #error: unknown = undefined;
  #trailers: unknown = undefined;
  #waiting: WriteCallback | undefined = undefined;

  constructor(call: ServerCall, method: ServiceMethod) {
    this.#call = call;
    this.#method = method;
    call.onDrain = () => this.#drained();
  }

  /** Remembers what the call shall end with. */
  setError(error: unknown): void {
    this.#error = error;
  }

  setTrailers(trailers: unknown): void {
    this.#trailers = trailers;
  }

  write(value: unknown, done: WriteCallback): void {
    const bytes = this.#method.serialize(this.#call, value);
    if (bytes === undefined || this.#call.send(bytes, 0, bytes.length)) done();
    else this.#waiting = done;
  }

  finish(): void {
    if (this.#error !== undefined) failWithError(this.#call, this.#error, this.#trailers);
    else this.#call.end(metadataFromHandler(this.#trailers));
  }

  /** The stream is gone; without an end of its own it must not leave the client waiting. */
  closed(): void {
    this.#call.fail(GrpcCode.Canceled, "The handler destroyed the call");
  }

  #drained(): void {
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.();
  }
}

/** What a server-streaming handler gets. */
export class ServiceWritableCall extends Writable {
  readonly metadata: ServiceMetadata;
  readonly request: unknown;
  cancelled = false;
  readonly #surface: CallSurface;
  readonly #writer: ResponseWriter;

  constructor(call: ServerCall, method: ServiceMethod, request: unknown) {
    super({ objectMode: true });
    this.#surface = new CallSurface(call, method);
    this.#writer = new ResponseWriter(call, method);
    this.metadata = this.#surface.metadata;
    this.request = request;
    call.onCancel = () => {
      this.cancelled = true;
      this.emit("cancelled", "cancelled");
      this.destroy();
    };
    this.on("error", (error) => this.#failed(error));
    this.on("close", () => this.#writer.closed());
  }

  getPeer(): string {
    return this.#surface.call.remote.address;
  }

  getPath(): string {
    return this.#surface.call.path;
  }

  getHost(): string {
    return this.#surface.call.authority;
  }

  getDeadline(): Date | number {
    return this.#surface.deadline();
  }

  getAuthContext(): Record<string, unknown> {
    return {};
  }

  sendMetadata(metadata: unknown): void {
    this.#surface.sendMetadata(metadata);
  }

  override _write(value: unknown, _encoding: string, done: WriteCallback): void {
    this.#writer.write(value, done);
  }

  override _final(done: WriteCallback): void {
    this.#writer.finish();
    done();
  }

  /** Takes trailing metadata where other streams take a last chunk. */
  override end(trailers?: unknown): this {
    if (typeof trailers === "object") this.#writer.setTrailers(trailers);
    return super.end();
  }

  #failed(error: unknown): void {
    this.#writer.setError(error);
    if (this.destroyed) this.#writer.finish();
    else this.end();
  }
}

/** What a client-streaming handler gets. */
export class ServiceReadableCall extends Readable {
  readonly metadata: ServiceMetadata;
  cancelled = false;
  readonly #surface: CallSurface;

  constructor(call: ServerCall, method: ServiceMethod) {
    super({ objectMode: true });
    this.#surface = new CallSurface(call, method);
    this.metadata = this.#surface.metadata;
    call.onCancel = () => {
      this.cancelled = true;
      this.emit("cancelled", "cancelled");
      this.destroy();
    };
    this.on("error", (error) => failWithError(call, error, undefined));
  }

  getPeer(): string {
    return this.#surface.call.remote.address;
  }

  getPath(): string {
    return this.#surface.call.path;
  }

  getHost(): string {
    return this.#surface.call.authority;
  }

  getDeadline(): Date | number {
    return this.#surface.deadline();
  }

  getAuthContext(): Record<string, unknown> {
    return {};
  }

  sendMetadata(metadata: unknown): void {
    this.#surface.sendMetadata(metadata);
  }

  /** One request message has come. */
  takeMessage(value: unknown): void {
    if (!this.push(value)) this.#surface.call.pause();
  }

  /** The client has sent all its messages. */
  halfClosed(): void {
    this.push(null);
  }

  override _read(): void {
    this.#surface.call.resume();
  }
}

/** What a bidirectional handler gets. */
export class ServiceDuplexCall extends Duplex {
  readonly metadata: ServiceMetadata;
  cancelled = false;
  readonly #surface: CallSurface;
  readonly #writer: ResponseWriter;

  constructor(call: ServerCall, method: ServiceMethod) {
    super({ objectMode: true });
    this.#surface = new CallSurface(call, method);
    this.#writer = new ResponseWriter(call, method);
    this.metadata = this.#surface.metadata;
    call.onCancel = () => {
      this.cancelled = true;
      this.emit("cancelled", "cancelled");
      this.destroy();
    };
    this.on("error", (error) => this.#failed(error));
    this.on("close", () => this.#writer.closed());
  }

  getPeer(): string {
    return this.#surface.call.remote.address;
  }

  getPath(): string {
    return this.#surface.call.path;
  }

  getHost(): string {
    return this.#surface.call.authority;
  }

  getDeadline(): Date | number {
    return this.#surface.deadline();
  }

  getAuthContext(): Record<string, unknown> {
    return {};
  }

  sendMetadata(metadata: unknown): void {
    this.#surface.sendMetadata(metadata);
  }

  /** One request message has come. */
  takeMessage(value: unknown): void {
    if (!this.push(value)) this.#surface.call.pause();
  }

  /** The client has sent all its messages. */
  halfClosed(): void {
    this.push(null);
  }

  override _read(): void {
    this.#surface.call.resume();
  }

  override _write(value: unknown, _encoding: string, done: WriteCallback): void {
    this.#writer.write(value, done);
  }

  override _final(done: WriteCallback): void {
    this.#writer.finish();
    done();
  }

  /** Takes trailing metadata where other streams take a last chunk. */
  override end(trailers?: unknown): this {
    if (typeof trailers === "object") this.#writer.setTrailers(trailers);
    return super.end();
  }

  #failed(error: unknown): void {
    this.#writer.setError(error);
    if (this.destroyed) this.#writer.finish();
    else this.end();
  }
}
