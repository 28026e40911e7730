import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { bufferOf } from "../../../base/bytes.ts";
import type { Client as GrpcClient } from "../../../deps/grpc_js.ts";
import type { Endpoint } from "./endpoint.ts";
import { CLIENT_LIMITS } from "../limits.ts";

/** grpc-js itself, which is loaded when the first connection is made. */
export type GrpcModule = typeof import("../../../deps/grpc_js.ts");

/** How a client proves that it may connect, and whom it trusts, on endpoints with TLS. */
export interface ClientTls {
  /** PEM of the authorities that may have signed the server's certificate. Default: the system's. */
  readonly ca?: string | Uint8Array;
  /** PEM of the client's own certificate; goes with `key`. Default: none. */
  readonly cert?: string | Uint8Array;
  /** PEM of the client's private key. */
  readonly key?: string | Uint8Array;
  /** The name that the server's certificate has to be for. Default: the endpoint's host. */
  readonly serverName?: string;
  /** Takes any certificate of the server; for tests only. Default false. */
  readonly insecureSkipVerify?: boolean;
}

/** What a channel to a server is made with. */
export interface ChannelOptions {
  readonly keepAliveTimeMs?: number;
  readonly keepAliveTimeoutMs?: number;
  /** Probes a connection that has no calls on it, too. Default false. */
  readonly keepAliveWithoutCalls?: boolean;
  /** Bytes of the largest request. Default: any. */
  readonly maxSendBytes?: number;
  /** Bytes of the largest response. Default: any. */
  readonly maxReceiveBytes?: number;
  readonly tls?: ClientTls;
}

/** Messages of any size the server sends; it bounds them itself. */
const UNLIMITED = -1;

/** Makes a channel that connects when it is used first. */
export function newGrpcClient(
  grpc: GrpcModule,
  endpoint: Endpoint,
  options: ChannelOptions,
): GrpcClient {
  const serverName = options.tls?.serverName ?? endpoint.host;
  const credentials = endpoint.secure
    ? tlsCredentials(grpc, serverName, options.tls ?? {})
    : grpc.credentials.createInsecure();
  return new grpc.Client(endpoint.target, credentials, {
    "grpc.max_receive_message_length": options.maxReceiveBytes ?? UNLIMITED,
    "grpc.max_send_message_length": options.maxSendBytes ?? UNLIMITED,
    // A client that is closed must not leave its connection behind in a pool for others.
    "grpc.use_local_subchannel_pool": 1,
    // Like etcd's own client, which dials itself and asks no proxy.
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
    "grpc.initial_reconnect_backoff_ms": CLIENT_LIMITS.reconnectFirstMs,
    "grpc.max_reconnect_backoff_ms": CLIENT_LIMITS.reconnectMostMs,
    "grpc.keepalive_time_ms": options.keepAliveTimeMs ?? CLIENT_LIMITS.keepAliveTimeMs,
    "grpc.keepalive_timeout_ms": options.keepAliveTimeoutMs ?? CLIENT_LIMITS.keepAliveTimeoutMs,
    ...(options.keepAliveWithoutCalls ? { "grpc.keepalive_permit_without_calls": 1 } : {}),
    ...(endpoint.secure ? serverNameOptions(endpoint.host, serverName) : {}),
  });
}

/**
 * TLS asks for a server by name only, and Deno refuses to ask for an address, which is what grpc-js
 * would have it do. So the name is that of any machine itself; whose certificate it has to be is
 * checked below.
 */
function serverNameOptions(host: string, serverName: string): Record<string, string> {
  if (isIP(serverName) !== 0) return { "grpc.ssl_target_name_override": "localhost" };
  return host === serverName ? {} : { "grpc.ssl_target_name_override": serverName };
}

function tlsCredentials(
  grpc: GrpcModule,
  host: string,
  tls: ClientTls,
): ReturnType<GrpcModule["credentials"]["createSsl"]> {
  const isChecked = tls.insecureSkipVerify !== true;
  return grpc.credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert), {
    rejectUnauthorized: isChecked,
    checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
      isChecked ? checkServerIdentity(host, certificate) : undefined,
  });
}

function pem(text: string | Uint8Array | undefined): Buffer | null {
  if (text === undefined) return null;
  if (typeof text === "string") return Buffer.from(text);
  return bufferOf(text);
}
