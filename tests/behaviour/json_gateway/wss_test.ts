import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describeBothTargets } from "../../harness/both_targets.ts";
import {
  CertificateAuthority,
  type CertificateFiles,
  whyNoCertificates,
} from "../../harness/certificates.ts";
import { GrpcClient } from "../../harness/grpc_client.ts";
import { base64, type Json, member } from "../../harness/json_gateway.ts";
import { put } from "../../harness/kv_calls.ts";
import { NEWER_TARGET_NAMES } from "../../harness/targets.ts";

const reason = whyNoCertificates();
if (reason === undefined) describeEncrypted();
else Deno.test({ name: `websockets over TLS not run: ${reason}`, ignore: true, fn() {} });

/** A value of more than one TLS record, which no read of a socket brings in one piece. */
const LONG_VALUE = "v".repeat(300_000);
const PUT_INTERVAL_MS = 50;

/** Something that is sent, or the end of the connection. */
type Event = { readonly message: Json } | "closed";

/** Deno's websocket client, event by event. */
class SecureSocket {
  readonly #http: Deno.HttpClient;
  readonly #socket: WebSocket;
  readonly #events: Event[] = [];
  #wake: () => void = () => {};

  constructor(url: string, authority: string, shown?: CertificateFiles) {
    const caCerts = [readFileSync(authority, "utf8")];
    this.#http = shown === undefined ? Deno.createHttpClient({ caCerts }) : Deno.createHttpClient({
      caCerts,
      cert: readFileSync(shown.cert, "utf8"),
      key: readFileSync(shown.key, "utf8"),
    });
    this.#socket = new WebSocket(url, { client: this.#http });
    this.#socket.onmessage = ({ data }) => this.#happened({ message: JSON.parse(String(data)) });
    this.#socket.onclose = () => this.#happened("closed");
    // The close behind it tells everything that matters.
    this.#socket.onerror = () => {};
  }

  /** Whether it was opened, rather than refused. */
  async opened(): Promise<boolean> {
    if (this.#socket.readyState === WebSocket.CONNECTING) {
      await new Promise<void>((resolve) => {
        this.#socket.addEventListener("open", () => resolve());
        this.#socket.addEventListener("close", () => resolve());
      });
    }
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(message: Json): void {
    this.#socket.send(JSON.stringify(message));
  }

  async next(): Promise<Event> {
    while (this.#events.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#events.shift() ?? "closed";
  }

  /** The result that the next message has. */
  async nextResult(): Promise<Json> {
    const event = await this.next();
    assert.notEqual(event, "closed");
    return event === "closed" ? null : member(event.message, "result");
  }

  async close(): Promise<void> {
    this.#socket.close();
    while (this.#socket.readyState !== WebSocket.CLOSED) await this.next();
    this.#http.close();
  }

  #happened(event: Event): void {
    this.#events.push(event);
    this.#wake();
  }
}

function describeEncrypted(): void {
  const directory = Deno.makeTempDirSync({ prefix: "wss-test-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  const authority = new CertificateAuthority(directory, "authority");
  const stranger = new CertificateAuthority(directory, "stranger");
  const server = authority.issue("server", { alternativeNames: "IP:127.0.0.1,DNS:localhost" });
  const alice = authority.issue("alice");
  const mallory = stranger.issue("mallory");

  const connect = (endpoint: string, shown?: CertificateFiles) =>
    new SecureSocket(`wss://${endpoint}/v3/watch`, authority.certificate, shown);

  async function checkWatch(endpoint: string, key: string, shown?: CertificateFiles) {
    const socket = connect(endpoint, shown);
    const client = new GrpcClient(endpoint, {}, authority.clientFiles(alice));
    assert.ok(await socket.opened());
    socket.send({ create_request: { key: base64(key) } });
    assert.equal(member(await socket.nextResult(), "created"), true);
    // etcd's watch begins at the next revision, whenever that is.
    let isOver = false;
    const writing = (async () => {
      while (!isOver) {
        await put(client, key, LONG_VALUE);
        await new Promise((resolve) => setTimeout(resolve, PUT_INTERVAL_MS));
      }
    })();
    const events = member(await socket.nextResult(), "events");
    isOver = true;
    await writing;
    assert(Array.isArray(events));
    const kv = member(events[0], "kv");
    assert.deepEqual([member(kv, "key"), member(kv, "value")], [base64(key), base64(LONG_VALUE)]);
    await socket.close();
    await client.close();
  }

  const flags = [`--cert-file=${server.cert}`, `--key-file=${server.key}`];

  describeBothTargets("websockets over TLS", (test) => {
    test("carry a watch", ({ server, prefix }) => checkWatch(server.endpoint, `${prefix}w`));

    test("take a message that is longer than a record", async ({ server, prefix }) => {
      const socket = connect(server.endpoint);
      assert.ok(await socket.opened());
      const key = base64(`${prefix}${"k".repeat(100_000)}`);
      socket.send({ create_request: { key, watch_id: "7" } });
      const created = await socket.nextResult();
      assert.deepEqual([member(created, "created"), member(created, "watch_id")], [true, "7"]);
      await socket.close();
    });
  }, { targets: NEWER_TARGET_NAMES, schemes: ["https"], flags });

  describeBothTargets("websockets over TLS with client certificates", (test) => {
    test("carry a watch for who shows one", ({ server, prefix }) => {
      return checkWatch(server.endpoint, `${prefix}w`, alice);
    });

    test("are refused to who shows none, or a stranger's", async ({ server }) => {
      for (const shown of [undefined, mallory]) {
        const socket = connect(server.endpoint, shown);
        assert.equal(await socket.opened(), false);
        await socket.close();
      }
    });
  }, {
    targets: NEWER_TARGET_NAMES,
    schemes: ["https"],
    flags: [...flags, `--trusted-ca-file=${authority.certificate}`, "--client-cert-auth"],
  });
}
