/** The four kinds of method, in the words that gRPC's metrics use. */
export type MethodType = "unary" | "client_stream" | "server_stream" | "bidi_stream";

/** One registered method. There is one object for each, so observers may key by identity. */
export class GrpcMethod {
  /** As in `:path`: "/etcdserverpb.KV/Put". */
  readonly path: string;
  /** "etcdserverpb.KV" */
  readonly service: string;
  /** "Put" */
  readonly name: string;
  readonly type: MethodType;
  /** Whether the client sends exactly one message. */
  readonly singleRequest: boolean;

  constructor(path: string, type: MethodType) {
    const slash = path.lastIndexOf("/");
    if (!path.startsWith("/") || slash <= 1 || slash === path.length - 1) {
      throw new TypeError(`Cannot register method "${path}": the form is /service/method`);
    }
    this.path = path;
    this.service = path.slice(1, slash);
    this.name = path.slice(slash + 1);
    this.type = type;
    this.singleRequest = type === "unary" || type === "server_stream";
  }
}
