import { GrpcCode } from "../../base/grpc_code.ts";
import type { HeaderList } from "../hpack/header_list.ts";
import { ACCEPTED_ENCODINGS } from "./compression.ts";
import type { MessageEncoding } from "./compression.ts";
import { base64ErrorPosition, isBinaryName, isReservedName, Metadata } from "./metadata.ts";
import type { ObservedHead } from "./observer.ts";
import type { Route, RouteTable } from "./route_table.ts";
import { encodeStatusMessage, quote } from "./status_message.ts";
import { parseTimeout } from "./timeout.ts";

const CONTENT_TYPE = "application/grpc";

const HTTP_OK = "200";
const HTTP_BAD_REQUEST = "400";
const HTTP_METHOD_NOT_ALLOWED = "405";
const HTTP_UNSUPPORTED_MEDIA_TYPE = "415";

/** The response headers of nearly all calls: one object each, which the HPACK encoder remembers. */
const RESPONSE_HEADERS: readonly string[] = [":status", HTTP_OK, "content-type", CONTENT_TYPE];
const GZIP_RESPONSE_HEADERS: readonly string[] = [...RESPONSE_HEADERS, "grpc-encoding", "gzip"];

/** A request that is refused before any handler hears of it. */
interface Refusal {
  readonly code: number;
  /** The whole response. */
  readonly headers: readonly string[];
}

/**
 * What the headers of a request say, worked out once for each HeaderList: a client that repeats
 * its requests gives the same list again. It must therefore not hold anything of one call.
 */
export class RequestHead implements ObservedHead {
  readonly table: RouteTable;
  readonly tableVersion: number;
  readonly headers: HeaderList;
  /** Present unless the request is refused. */
  readonly route: Route | undefined;
  readonly refusal: Refusal | undefined;
  readonly path: string;
  readonly authority: string;
  /** Infinity: none. */
  readonly timeoutMs: number;
  readonly encoding: MessageEncoding;
  readonly responseHeaders: readonly string[];
  observerMemo: object | undefined = undefined;
  #metadata: Metadata | undefined;

  constructor(table: RouteTable, headers: HeaderList) {
    const fields = collectFields(headers);
    this.table = table;
    this.tableVersion = table.version;
    this.headers = headers;
    this.path = fields.path;
    this.authority = fields.authority ?? fields.host ?? "";
    const timeoutMs = fields.timeout === undefined ? Infinity : parseTimeout(fields.timeout);
    this.timeoutMs = typeof timeoutMs === "number" ? timeoutMs : Infinity;
    this.encoding = fields.encoding === "gzip" ? "gzip" : "identity";
    this.responseHeaders = responseHeaders(fields.contentType, this.encoding);
    this.route = table.find(fields.path);
    const timeoutError = typeof timeoutMs === "string" ? timeoutMs : undefined;
    this.refusal = findRefusal(fields, timeoutError) ?? findRouteRefusal(fields, this.route, table);
  }

  /** Whether this was worked out from this table as it is now. */
  isCurrent(table: RouteTable): boolean {
    return this.table === table && this.tableVersion === table.version;
  }

  get metadata(): Metadata {
    this.#metadata ??= Metadata.fromFields(this.headers.fields);
    return this.#metadata;
  }
}

/** The response that is nothing but headers and carries an error. */
export function trailersOnly(
  httpStatus: string,
  contentType: string,
  code: number,
  message: string,
): string[] {
  return [
    ...[":status", httpStatus, "content-type", contentType, "grpc-status", String(code)],
    ...["grpc-message", encodeStatusMessage(message)],
  ];
}

/** The fields that the protocol gives a meaning. */
interface RequestFields {
  method: string;
  path: string;
  contentType: string;
  authority: string | undefined;
  host: string | undefined;
  authorityCount: number;
  hostCount: number;
  timeout: string | undefined;
  encoding: string;
  /** The first binary header that is not base64. */
  malformedName: string | undefined;
  malformedValue: string;
}

function collectFields(headers: HeaderList): RequestFields {
  const collected: RequestFields = {
    method: "",
    path: "",
    contentType: "",
    authority: undefined,
    host: undefined,
    authorityCount: 0,
    hostCount: 0,
    timeout: undefined,
    encoding: "",
    malformedName: undefined,
    malformedValue: "",
  };
  const fields = headers.fields;
  for (let i = 0; i < fields.length; i += 2) collectField(collected, fields[i], fields[i + 1]);
  return collected;
}

function collectField(collected: RequestFields, name: string, value: string): void {
  switch (name) {
    case ":method":
      collected.method = value;
      break;
    case ":path":
      collected.path = value;
      break;
    case ":authority":
      collected.authority = value;
      collected.authorityCount++;
      break;
    case "host":
      collected.host = value;
      collected.hostCount++;
      break;
    case "content-type":
      collected.contentType = value;
      break;
    case "grpc-timeout":
      collected.timeout = value;
      break;
    case "grpc-encoding":
      collected.encoding = value;
      break;
    default:
      if (isBinaryName(name) && !isReservedName(name)) checkBinary(collected, name, value);
  }
}

function checkBinary(collected: RequestFields, name: string, value: string): void {
  for (const part of value.split(",")) {
    if (collected.malformedName === undefined && base64ErrorPosition(part.trim()) >= 0) {
      collected.malformedName = name;
      collected.malformedValue = value;
    }
  }
}

/** What is wrong with the request itself, in the order in which gRPC in Go looks for it. */
function findRefusal(
  fields: RequestFields,
  timeoutError: string | undefined,
): Refusal | undefined {
  if (fields.authorityCount > 1 || fields.hostCount > 1) {
    const counts = `:authority: ${fields.authorityCount}, num values of host: ${fields.hostCount}`;
    const text = `num values of ${counts}, both must only have 1 value as per HTTP/2 spec`;
    return refuse(HTTP_BAD_REQUEST, GrpcCode.Internal, text);
  }
  if (!isGrpc(fields.contentType)) {
    const text = `invalid gRPC request content-type ${quote(fields.contentType)}`;
    return refuse(HTTP_UNSUPPORTED_MEDIA_TYPE, GrpcCode.InvalidArgument, text);
  }
  if (timeoutError !== undefined) {
    const text = `malformed grpc-timeout: ${timeoutError}`;
    return refuse(HTTP_BAD_REQUEST, GrpcCode.Internal, text);
  }
  if (fields.malformedName !== undefined) return refuseMetadata(fields.malformedName, fields);
  if (fields.method !== "POST") {
    const method = quote(fields.method);
    const text = `Received a HEADERS frame with :method ${method} which should be POST`;
    return refuse(HTTP_METHOD_NOT_ALLOWED, GrpcCode.Internal, text);
  }
  return undefined;
}

function refuseMetadata(name: string, fields: RequestFields): Refusal {
  const value = fields.malformedValue;
  const position = base64ErrorPosition(value);
  const text = `malformed binary metadata ${quote(value)} in header ${quote(name)}: ` +
    `illegal base64 data at input byte ${position}`;
  return refuse(HTTP_BAD_REQUEST, GrpcCode.Internal, text);
}

function findRouteRefusal(
  fields: RequestFields,
  route: Route | undefined,
  table: RouteTable,
): Refusal | undefined {
  const encoding = fields.encoding;
  if (route === undefined) {
    return refuse(HTTP_OK, GrpcCode.Unimplemented, describeUnknown(fields.path, table));
  }
  if (encoding === "" || encoding === "identity" || encoding === "gzip") return undefined;
  const text = `grpc: Decompressor is not installed for grpc-encoding ${quote(encoding)}`;
  const refusal = refuse(HTTP_OK, GrpcCode.Unimplemented, text);
  return {
    code: refusal.code,
    headers: [...refusal.headers, "grpc-accept-encoding", ACCEPTED_ENCODINGS],
  };
}

/** Why there is no route for a path. */
export function describeUnknown(path: string, table: RouteTable): string {
  const slash = path.lastIndexOf("/");
  if (!path.startsWith("/") || slash <= 0) return `malformed method name: ${quote(path)}`;
  const service = path.slice(1, slash);
  if (!table.hasService(service)) return `unknown service ${service}`;
  return `unknown method ${path.slice(slash + 1)} for service ${service}`;
}

function refuse(httpStatus: string, code: number, message: string): Refusal {
  return { code, headers: trailersOnly(httpStatus, CONTENT_TYPE, code, message) };
}

function isGrpc(contentType: string): boolean {
  if (!contentType.startsWith(CONTENT_TYPE)) return false;
  const next = contentType[CONTENT_TYPE.length];
  return next === undefined || next === "+" || next === ";";
}

/** The response has the request's content type, as gRPC in Go answers. */
function responseHeaders(contentType: string, encoding: MessageEncoding): readonly string[] {
  const subtype = contentType.slice(CONTENT_TYPE.length + 1);
  if (subtype === "") return encoding === "gzip" ? GZIP_RESPONSE_HEADERS : RESPONSE_HEADERS;
  const headers = [":status", HTTP_OK, "content-type", `${CONTENT_TYPE}+${subtype}`];
  if (encoding === "gzip") headers.push("grpc-encoding", "gzip");
  return headers;
}
