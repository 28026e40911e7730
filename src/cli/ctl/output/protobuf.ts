import type { MessageCodec } from "../../../pb/codec.ts";
import {
  AlarmResponse,
  DeleteRangeResponse,
  MemberListResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  TxnResponse,
  WatchResponse,
} from "../../../pb/etcdserverpb.ts";
import { type ByteText, byteTextOf } from "../byte_text.ts";
import type { Answer, PrinterOptions } from "./printer.ts";
import { UnsupportedPrinter } from "./unsupported.ts";

/** The answers as they travel, without anything between them. */
export class ProtobufPrinter extends UnsupportedPrinter {
  readonly #write: (bytes: ByteText) => void;

  constructor({ write }: PrinterOptions) {
    super("protobuf");
    this.#write = write;
  }

  override answer<T>({ codec, message }: Answer<T>): void {
    this.#print(codec, message);
  }

  override get(response: RangeResponse): void {
    this.#print(RangeResponse, response);
  }

  override put(response: PutResponse): void {
    this.#print(PutResponse, response);
  }

  override del(response: DeleteRangeResponse): void {
    this.#print(DeleteRangeResponse, response);
  }

  override txn(response: TxnResponse): void {
    this.#print(TxnResponse, response);
  }

  /** Like etcdctl without the watch's ID, which means nothing to others. */
  override watch(response: WatchResponse): void {
    this.#print(WatchResponse, { ...response, watchId: 0n, cancelReason: "", fragment: false });
  }

  override memberList(response: MemberListResponse): void {
    this.#print(MemberListResponse, response);
  }

  override alarm(response: AlarmResponse): void {
    this.#print(AlarmResponse, response);
  }

  // Of leases etcdctl prints no more than the header.

  override leaseGrant({ header }: { header: ResponseHeader | undefined }): void {
    this.#header(header);
  }

  override leaseRevoke(_id: bigint, { header }: { header: ResponseHeader | undefined }): void {
    this.#header(header);
  }

  override leaseTimeToLive({ header }: { header: ResponseHeader | undefined }): void {
    this.#header(header);
  }

  override leaseList({ header }: { header: ResponseHeader | undefined }): void {
    this.#header(header);
  }

  override leaseKeepAlive({ header }: { header: ResponseHeader | undefined }): void {
    this.#header(header);
  }

  #header(header: ResponseHeader | undefined): void {
    this.#print(ResponseHeader, header ?? ResponseHeader.create());
  }

  #print<T>(codec: MessageCodec<T>, message: T): void {
    this.#write(byteTextOf(codec.encode(message)));
  }
}
