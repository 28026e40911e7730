/**
 * Every bound of src/net. They come as interfaces with a table of defaults, so that tests can set
 * them low.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** The bounds of one HTTP/2 connection and of all of them together. */
export interface Http2Limits {
  readonly maxFrameBytes: number;
  readonly headerTableBytes: number;
  readonly maxHeaderListBytes: number;
  readonly maxHeaderBlockBytes: number;
  readonly maxContinuationFrames: number;
  readonly maxStreams: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  readonly maxSentFrameBytes: number;
  readonly outputMarkBytes: number;
  readonly readPauseBytes: number;
  readonly readTurnMs: number;
  readonly maxUnfinishedPieces: number;
  readonly maxUnfinishedBytes: number;
  readonly maxOutputBytes: number;
  readonly streamHighMarkBytes: number;
  readonly streamLowMarkBytes: number;
  readonly maxBufferedForNewStreamBytes: number;
  readonly maxBufferedConnectionBytes: number;
  readonly maxBufferedTotalBytes: number;
  readonly maxPooledBytes: number;
  readonly floodWindowMs: number;
  readonly maxResetsPerWindow: number;
  readonly maxSettingsPerWindow: number;
  readonly maxEmptyFramesPerWindow: number;
  readonly maxControlFramesPerWindow: number;
  readonly maxPingStrikes: number;
  readonly minIdlePingIntervalMs: number;
  readonly rememberedResets: number;
  readonly sweepIntervalMs: number;
  readonly handshakeTimeoutMs: number;
  readonly headerBlockTimeoutMs: number;
  readonly writeStallTimeoutMs: number;
  readonly drainPingTimeoutMs: number;
  readonly lingerTimeoutMs: number;
}

export const HTTP2_LIMITS: Http2Limits = {
  // The protocol's default. A partial frame is held until it is whole, so this is also what a peer
  // can make each connection hold; clients of gRPC send no larger frames anyway.
  maxFrameBytes: 16 * KIB,

  // The protocol's default, which every client uses; the decoder's memory for each connection.
  headerTableBytes: 4 * KIB,

  // Tokens and metadata of etcd's clients take some hundred bytes; proxies add a few KiB.
  maxHeaderListBytes: 64 * KIB,

  // A header block as it comes, before decoding, over all its frames. Huffman coding may lengthen
  // unusual bytes, but nothing honest comes near. Bounds what a CONTINUATION flood can hold.
  maxHeaderBlockBytes: 64 * KIB,

  // 64 KiB come in four full frames; more frames than this are there to cost time.
  maxContinuationFrames: 32,

  // etcd's own default is unlimited (2^32 - 1). A stream of ours costs about 500 bytes with its
  // listener, so this bounds a connection to some 32 MB; clients queue what goes beyond.
  maxStreams: 65_536,

  // A put may have 1.5 MiB, most have less than 1 KiB: nothing small ever waits for a
  // WINDOW_UPDATE, and what is large keeps a 100 ms line busy at 10 MB/s.
  streamWindowBytes: 1 * MIB,
  connectionWindowBytes: 4 * MIB,

  // The largest DATA frame sent even if the peer takes more: the turn of one stream among others.
  maxSentFrameBytes: 64 * KIB,

  // While so many bytes wait for the socket, data stays with its stream, where it counts as
  // buffered and the layer above is told to wait. About what a kernel's send buffer takes.
  outputMarkBytes: 256 * KIB,

  // A peer that does not read its answers is not given more of them: reading stops here.
  readPauseBytes: 1 * MIB,

  // How long the requests that come from sockets may keep timers and other sockets waiting before
  // their own clients have to wait for the next turn.
  readTurnMs: 4,

  // What one connection may have waiting in the log, where all wait behind each other, before it is
  // read from again: about 10 ms of work for the others. It is enough for a batch that keeps the disk
  // busy, and each of the largest requests is let in on its own.
  maxUnfinishedPieces: 2_048,
  maxUnfinishedBytes: 4 * MIB,

  // What the requests read before that may still add (headers and control frames only). Beyond,
  // the peer is not worth waiting for.
  maxOutputBytes: 32 * MIB,

  // Where a stream's listener is told to stop and to go on.
  streamHighMarkBytes: 256 * KIB,
  streamLowMarkBytes: 64 * KIB,

  // A peer that asks for more while it has not taken so much is refused (clients try again): what
  // it may make the server hold is this and what its open requests still bring.
  maxBufferedForNewStreamBytes: 256 * MIB,

  // A range over a whole large store is one message, which etcd does not bound either, and it must
  // fit. In all: what a member may spend on peers that are slow; the greediest goes first.
  maxBufferedConnectionBytes: 1 * GIB,
  maxBufferedTotalBytes: 2 * GIB,

  // Output buffers kept for reuse, in all.
  maxPooledBytes: 8 * MIB,

  // The time over which the next rows count.
  floodWindowMs: 10_000,

  // Streams reset by the client ("rapid reset") or on account of its errors. A client whose
  // deadlines all pass in one moment resets some thousand once, not for ever.
  maxResetsPerWindow: 4_000,

  // Each costs an answer and may change all streams' windows. Honest clients send a handful.
  maxSettingsPerWindow: 100,

  // DATA without bytes and without END_STREAM, CONTINUATION without bytes: of no use at all.
  maxEmptyFramesPerWindow: 1_000,

  // PING, PRIORITY, WINDOW_UPDATE, frames of unknown type and frames for closed streams between
  // two frames that carry a request or data, in either direction. Clients that measure the
  // bandwidth send a PING and two WINDOW_UPDATEs for each piece of data, but not without data.
  maxControlFramesPerWindow: 10_000,

  // The rules of gRPC for clients' keep-alive pings: the third ping too early ends the connection;
  // without a stream there is no reason for more than one in two hours.
  maxPingStrikes: 2,
  minIdlePingIntervalMs: 2 * 60 * 60 * 1000,

  // Ids of streams that this side reset: frames that were under way for them are no error.
  rememberedResets: 1_024,

  // How often timeouts are looked at.
  sweepIntervalMs: 1_000,

  // From the connection's begin to the client's SETTINGS.
  handshakeTimeoutMs: 20_000,

  // From HEADERS to the last CONTINUATION.
  headerBlockTimeoutMs: 10_000,

  // The socket took none of one piece of output (at most outputMarkBytes and one frame) all this
  // time: the peer is gone or does not read.
  writeStallTimeoutMs: 60_000,

  // How long the client may take to see the first GOAWAY, before new streams are refused.
  drainPingTimeoutMs: 1_000,

  // After the last GOAWAY: time for it to arrive before the socket is destroyed.
  lingerTimeoutMs: 1_000,
};

/** The bounds of how those who send without a pause share the event loop with others. */
export const READ_TURN_LIMITS = {
  // However busy the event loop is with other work, who pauses for others goes on after so long.
  longestPauseMs: 50,

  // Frames handled between two looks at the clock, which costs as much as a twentieth of a small
  // request; most requests have two.
  framesPerClockCheck: 8,

  // A connection goes on when no more than this share of its bounds of unfinished work is left: some
  // milliseconds of it, so that the log does not run dry before the next requests are read.
  resumingShare: 0.75,
} as const;

/** The bounds of a listener. */
export interface ListenerLimits {
  readonly maxConnections: number;
  readonly sniffTimeoutMs: number;
  readonly sweepIntervalMs: number;
  readonly tcpKeepAliveMs: number;
}

export const LISTENER_LIMITS: ListenerLimits = {
  // Half of what a common descriptor limit (20 000) allows.
  maxConnections: 10_000,

  // From the connection's begin to the bytes that tell its protocol. Browsers open connections
  // ahead of time, but not longer.
  sniffTimeoutMs: 20_000,

  // How often timeouts are looked at.
  sweepIntervalMs: 1_000,

  // How long a connection is silent until the system asks whether there is still somebody. Only
  // HTTP/2 has pings of its own.
  tcpKeepAliveMs: 30_000,
};

/** The bounds of TLS handshakes. */
export interface TlsLimits {
  readonly handshakeTimeoutMs: number;
  readonly sweepIntervalMs: number;
  readonly handshakesPerTurn: number;
  readonly idleHandshakers: number;
  readonly rememberedCertificates: number;
  readonly authoritiesBytes: number;
  readonly revocationListBytes: number;
  readonly readTurnBytes: number;
  readonly burstReadBytes: number;
  readonly burstsPerTurn: number;
  readonly unreadBytes: number;
  readonly unreadTotalBytes: number;
  readonly unreadSweepIntervalMs: number;
}

export const TLS_LIMITS: TlsLimits = {
  // From the first byte to the end of the handshake; the same as etcd's. Two round trips, on the
  // slowest line.
  handshakeTimeoutMs: 10_000,

  // How often timeouts are looked at.
  sweepIntervalMs: 1_000,

  // Handshakes that begin at once; each takes some two milliseconds before anything else goes on.
  handshakesPerTurn: 4,

  // What is kept for the next handshakes once so many were under way: 2 KiB and the third of a
  // millisecond that each takes to make.
  idleHandshakers: 64,

  // Certificates of clients that were verified and whose sessions may be resumed: some 100 bytes
  // each. A client whose certificate was forgotten has to make a whole handshake.
  rememberedCertificates: 10_000,

  // Deno sends the authorities of clients' certificates along with the server's own certificate,
  // and Go's clients take 64 KiB in one message of a handshake. Some fifty authorities.
  authoritiesBytes: 48 * KIB,

  // Some 25 bytes for each revoked certificate, so 40 000 of them. They are read in one turn of
  // about 25 ms when the file has changed.
  revocationListBytes: 1 * MIB,

  // What is decrypted in one turn over all connections that bring much: two milliseconds.
  readTurnBytes: 512 * KIB,

  // A read that brings less has emptied the socket: its client does not send without a pause. One
  // read brings 64 KiB at most.
  burstReadBytes: 16 * KIB,

  // Connections that may go on in the next turn: each reads 64 KiB at the least.
  burstsPerTurn: 8,

  // Where sockets cannot be told to stop reading (they can in Deno 2.9):
  // What a client may send that is not read, since it does not take its answers. Honest ones stop at
  // their windows (4 MiB) and at the headers of 65 536 streams.
  unreadBytes: 32 * MIB,

  // The same over all clients; the greediest goes first.
  unreadTotalBytes: 256 * MIB,

  // A fast line brings some ten MiB in this time.
  unreadSweepIntervalMs: 100,
};

/** The bounds of HTTP/1.1 connections. */
export interface Http1Limits {
  readonly maxHeaderBytes: number;
  readonly maxKeptHeadBytes: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly writeStallTimeoutMs: number;
  readonly sweepIntervalMs: number;
  readonly readPauseBytes: number;
  readonly readTurnMs: number;
  readonly outputHighMarkBytes: number;
  readonly outputLowMarkBytes: number;
  readonly maxOutputBytes: number;
  readonly maxPooledBytes: number;
  readonly maxDrainedBodyBytes: number;
  readonly lingerTimeoutMs: number;
}

export const HTTP1_LIMITS: Http1Limits = {
  // The same as over HTTP/2.
  maxHeaderBytes: 64 * KIB,

  // The head that each connection keeps for the case that the next is the same; most are shorter.
  maxKeptHeadBytes: 1 * KIB,

  // From the connection's begin to the end of the first request's headers.
  headersTimeoutMs: 20_000,

  // From the end of a request's headers to the end of its body.
  requestTimeoutMs: 120_000,

  // From one answer to the next request, both idle and on its way.
  keepAliveTimeoutMs: 120_000,

  // As over HTTP/2: the peer takes nothing of what waits for it.
  writeStallTimeoutMs: 60_000,

  // How often timeouts are looked at.
  sweepIntervalMs: 1_000,

  // Requests that come behind one that is not answered yet, or a body that is not wanted yet: what
  // one read of the socket brings, and some more.
  readPauseBytes: 128 * KIB,

  // The same as over HTTP/2.
  readTurnMs: 4,

  // Where the sender of a response is told to stop and to go on; as over HTTP/2.
  outputHighMarkBytes: 256 * KIB,
  outputLowMarkBytes: 64 * KIB,

  // Output behind a write that is under way. Senders stop at the high mark, and what they send in
  // one piece is no larger than this; beyond, the peer is not worth waiting for.
  maxOutputBytes: 64 * MIB,

  // Output buffers kept for reuse, over all connections of a listener.
  maxPooledBytes: 4 * MIB,

  // The rest of a body whose request is answered already is read up to here, so that the connection
  // can be used again; a longer one ends it.
  maxDrainedBodyBytes: 256 * KIB,

  // After the last answer: time for it to arrive before the socket is destroyed, since closing with
  // unread input may take the answer away from the client.
  lingerTimeoutMs: 1_000,
};

/** The bounds of what stands between the chunks of a body. */
export const HTTP1_BODY_LIMITS = {
  // A chunk's size and its extensions, or one trailer: nobody uses either for long texts.
  maxLineBytes: 4 * KIB,

  // All trailers; nobody is told of them.
  maxTrailerBytes: 16 * KIB,
} as const;

/** The bounds of header compression (the sizes of its tables and lists are in HTTP2_LIMITS). */
export const HPACK_LIMITS = {
  // RFC 7541 section 5.1 leaves the largest integer to us: nothing that one can name (an index, a
  // length, a table size) comes near 2^31, which five octets behind the prefix hold.
  maxIntegerOctets: 5,

  // The protocol's default for what the peer must hold, and the most that we hold of its table
  // when it offers more.
  encoderTableBytes: 4 * KIB,

  // Of that table: a larger field would push out too many others.
  maxIndexedFieldBytes: 1 * KIB,

  // The requests that a client repeats on one connection are few and their blocks are short:
  // together at most 4 KiB a connection.
  cachedBlocks: 16,
  maxCachedBlockBytes: 256,

  // The same for what is sent again and again: response headers and trailers of gRPC.
  cachedLists: 4,
  maxCachedListBytes: 32,
} as const;

/** The bounds of the gRPC layer; the sizes of messages are options of the server (etcd's flags). */
export const GRPC_LIMITS = {
  // Beginnings of messages whose end has not come yet, over all calls: about a hundred of the
  // largest requests at once. A call that would go beyond is refused.
  maxUnfinishedBytes: 256 * MIB,

  // Calls answered within this time never reach the heap of deadlines, so an ordinary call's
  // deadline costs next to nothing; in return a shorter deadline is noticed this much late.
  deadlineGraceMs: 10,

  // The deadlines of ten thousand waiting calls may pass at once (a leader was lost); each costs
  // some microseconds.
  maxDeadlinesPerTurn: 1_000,

  // Refusals quote what the client sent, and percent-encoding may triple that; clients take header
  // lists of 8 KiB at the least.
  maxStatusMessageChars: 2_048,
} as const;

/** The bounds of websockets. */
export const WEBSOCKET_LIMITS = {
  // Two octets, eight of length, four of mask: the protocol's.
  maxHeadBytes: 14,

  // The protocol's.
  maxControlBytes: 125,

  // A message over all its frames; whoever takes it may set a lower bound for what it keeps.
  maxMessageBytes: 64 * MIB,
} as const;

/** The bounds of what passes connections on. */
export const GATEWAY_LIMITS = {
  // A server that does not answer for so long is as good as gone; etcd would wait as long as the
  // system does, which is minutes.
  dialTimeoutMs: 5_000,

  // RFC 2782 wants a very small chance for records without weight; one in a hundred is etcd's.
  unweightedShare: 0.01,
} as const;
