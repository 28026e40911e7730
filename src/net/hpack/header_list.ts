/**
 * One decoded header list. The lists of repeated requests are the same object (see HpackDecoder),
 * so what a layer works out about a list is worth keeping on it: `httpMemo` belongs to net/http2,
 * `grpcMemo` to net/grpc.
 */
export class HeaderList {
  /** name, value, name, value ...: latin1, names as the peer sent them. */
  readonly fields: readonly string[];
  /** The list went beyond the decoder's bound: `fields` holds only its beginning. */
  readonly tooLarge: boolean;
  httpMemo: object | undefined = undefined;
  grpcMemo: object | undefined = undefined;
  /** Whether it begins a call of gRPC; undefined until somebody has looked. */
  isGrpc: boolean | undefined = undefined;

  constructor(fields: readonly string[], tooLarge: boolean) {
    this.fields = fields;
    this.tooLarge = tooLarge;
  }

  /** The value of the first field of this (lower case) name. */
  get(name: string): string | undefined {
    const fields = this.fields;
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] === name) return fields[i + 1];
    }
    return undefined;
  }
}
