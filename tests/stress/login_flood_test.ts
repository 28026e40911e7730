import assert from "node:assert/strict";
import { connect, type Etcd, newMemoryConfig, startEtcd } from "../../mod.ts";
import { GrpcCode } from "../../src/base/grpc_code.ts";
import { ETCD_ERRORS } from "../../src/core/errors.ts";
import { AuthenticateRequest } from "../../src/pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../src/pb/services.ts";
import { AUTH_LIMITS } from "../../src/server/auth/limits.ts";
import { gatewayCall, member } from "../harness/json_gateway.ts";
import { Http2Session, message, type StreamAnswer } from "./http2_session.ts";

const AUTHENTICATE = AUTH_SERVICE.authenticate.path;
const USER = "alice";
const PASSWORD = "right";
/** A flood lasts for as long as the test, at so many hashes for each connection. */
const COST = 6;
const FLOODING_CONNECTIONS = 6;

function loginMessage(password: string): Uint8Array {
  return message(AuthenticateRequest.encode(AuthenticateRequest.create({ name: USER, password })));
}

const WRONG = loginMessage("wrong");
const RIGHT = loginMessage(PASSWORD);

/** Starts a member on which users have to say who they are. */
async function startWithUsers(): Promise<Etcd> {
  const config = newMemoryConfig();
  config.bcryptCost = COST;
  const etcd = await startEtcd(config);
  await using client = etcd.client();
  for (const name of ["root", USER]) await client.auth.addUser(name, { password: PASSWORD });
  await client.auth.grantRole("root", "root");
  await client.auth.enable();
  return etcd;
}

/** A connection that has more wrong passwords waiting than one may, all the time. */
class Flood {
  readonly #session: Http2Session;
  readonly #last = new Set<StreamAnswer>();
  readonly messages = new Set<string>();
  #isOver = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(session: Http2Session) {
    this.#session = session;
  }

  static async start(port: number): Promise<Flood> {
    const flood = new Flood(await Http2Session.open(port));
    for (let i = 0; i < 2 * AUTH_LIMITS.waitingHashes; i++) flood.#ask();
    await flood.#session.until("some are refused", () => flood.#hasAnswer());
    flood.#running = flood.#goOn();
    return flood;
  }

  /** Hangs up with all that waits. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    await this.#session.vanish();
  }

  #mustEnd(): boolean {
    return this.#isOver || this.#session.isClosed;
  }

  #ask(): void {
    this.#last.add(this.#session.request(AUTHENTICATE, { body: WRONG }));
  }

  #hasAnswer(): boolean {
    return [...this.#last].some(({ over }) => over);
  }

  async #goOn(): Promise<void> {
    while (!this.#mustEnd()) {
      await this.#session.until("one is answered", () => this.#mustEnd() || this.#hasAnswer());
      for (const answer of this.#last) {
        if (!answer.over) continue;
        this.#last.delete(answer);
        this.#session.answers.delete(answer.id);
        this.messages.add(answer.grpcMessage);
        this.#ask();
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

async function checkLogin(port: number): Promise<void> {
  const session = await Http2Session.open(port);
  const answer = session.request(AUTHENTICATE, { body: RIGHT });
  await session.untilAllOver();
  assert.equal(answer.grpcStatus, GrpcCode.OK, answer.grpcMessage);
  await session.close();
}

async function checkGatewayLogin(port: number): Promise<void> {
  const { status, body } = await gatewayCall(port, "/v3/auth/authenticate", {
    name: USER,
    password: PASSWORD,
  });
  assert.equal(status, 200, JSON.stringify(body));
  assert.ok(member(body, "token"));
}

async function checkClientLogin(port: number): Promise<void> {
  await using client = await connect(`http://127.0.0.1:${port}`, {
    user: "root",
    password: PASSWORD,
  });
  await client.put("key", "value");
}

Deno.test("a flood of wrong passwords keeps nobody else from coming in, whatever door they take", async () => {
  await using etcd = await startWithUsers();
  await etcd.server.readyNotify();
  const { port } = etcd.clients[0];
  const floods = await Promise.all(
    Array.from({ length: FLOODING_CONNECTIONS }, () => Flood.start(port)),
  );
  await checkLogin(port);
  await checkGatewayLogin(port);
  await checkClientLogin(port);
  await using client = etcd.client({ user: USER, password: PASSWORD });
  await assert.rejects(client.put("key", "value"), { code: GrpcCode.PermissionDenied });
  await Promise.all(floods.map((flood) => flood.end()));
  const told = new Set(floods.flatMap(({ messages }) => [...messages]));
  assert.ok(told.has(ETCD_ERRORS.tooManyPasswords.message), [...told].join("; "));
  await checkLogin(port);
});
