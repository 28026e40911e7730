import { type HttpHandler, textResponse } from "../http_message.ts";

const REASON = `etcd shows what Go's gRPC library traces here; this server has no such library.
At --log-level debug it logs what it does, and /metrics counts all calls by method and code.
`;

/** /debug/requests and /debug/events: pages of a library for Go. */
export const goTraceHandler: HttpHandler = () => textResponse(501, REASON);
