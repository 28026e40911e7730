/**
 * What the embed API shows of the rooms below: types that its own functions take, return or throw,
 * and what helps to make them.
 *
 * @module
 */
export { wrapCors } from "../api/http/cors.ts";
export type { UserHandler } from "../api/http/user_handlers.ts";
export { EndpointUrl, UrlError } from "../base/endpoint_url.ts";
export { GrpcCode } from "../base/grpc_code.ts";
export type { LogFields, Logger } from "../base/log.ts";
export { parseUrlList } from "../base/url_list.ts";
export { UrlsMap } from "../base/urls_map.ts";
export { DiskError, type DiskErrorParts } from "../disk/disk_error.ts";
