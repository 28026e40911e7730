import { EMPTY_BYTES } from "../../base/bytes.ts";
import { hasNoPassword } from "../../core/auth/user.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import { AuthenticateResponse, InternalAuthenticateRequest } from "../../pb/etcdserverpb.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { AuthenticateOperation, type Login } from "../../server/operations/authenticate.ts";
import { respond } from "./call_waiter.ts";
import { failWithServer } from "./disk_failure.ts";
import type { ResponseHeaderWriter } from "./response_header.ts";

/** What is kept of a login while its password waits to be looked at. */
interface Attempt {
  /** Undefined if there is no such user: names that strangers make up may be long. */
  readonly username: string | undefined;
  readonly password: Uint8Array;
}

/** Answers an Authenticate call with a token if the password, as far as it is kept, is right. */
export function login(
  server: EtcdServer,
  call: ServerCall,
  header: ResponseHeaderWriter,
  name: string,
  password: Uint8Array,
): void {
  const username = server.auth.store.user(name)?.name;
  void answer(server, call, header, { username, password });
}

async function answer(
  server: EtcdServer,
  call: ServerCall,
  header: ResponseHeaderWriter,
  attempt: Attempt,
): Promise<void> {
  try {
    const { username, admitted, authRevision } = await admit(server, call, attempt);
    const token = await server.auth.tokens.issue(username, authRevision, admitted);
    respond(call, (writer) => {
      header.write(writer);
      AuthenticateResponse.write(AuthenticateResponse.create({ token }), writer);
    }, undefined);
  } catch (error) {
    failWithServer(call, server, error);
  }
}

/** A change that came in between may have made another password the right one. */
async function admit(
  server: EtcdServer,
  call: ServerCall,
  attempt: Attempt,
): Promise<Login & { readonly username: string }> {
  for (;;) {
    const revision = server.auth.revision;
    const username = await checkPassword(server, call, attempt);
    const result = await proposeLogin(server, username);
    if (result.authRevision === revision) return { ...result, username };
  }
}

/** The name of the user whose password it is. */
async function checkPassword(
  { auth, config }: EtcdServer,
  call: ServerCall,
  { username, password }: Attempt,
): Promise<string> {
  if (!auth.enabled) throw ETCD_ERRORS.authNotEnabled;
  const user = username === undefined ? undefined : auth.store.user(username);
  if (user !== undefined && hasNoPassword(user)) throw ETCD_ERRORS.noPasswordUser;
  // Whoever does not exist takes as long as whoever has another password, so that names cannot be
  // found out by the time that it takes.
  const passwordHash = user?.passwordHash ?? EMPTY_BYTES;
  const isRight = await auth.passwords.matches(password, passwordHash, call);
  if (isRight && user !== undefined) {
    // Nobody is there any more to take a token.
    if (call.finished) throw ETCD_ERRORS.canceled;
    return user.name;
  }
  // What strangers make up is not worth a line.
  if (user !== undefined) config.logger.info("invalid password", { "user-name": user.name });
  throw ETCD_ERRORS.authFailed;
}

function proposeLogin(server: EtcdServer, name: string): Promise<Login> {
  const simpleToken = server.auth.tokens.newSeed();
  const request = InternalAuthenticateRequest.create({ name, simpleToken });
  return new Promise((applied, failed) => {
    const operation = new AuthenticateOperation(request, { applied, failed });
    server.proposeEncoded(operation, InternalAuthenticateRequest.encode(request));
  });
}
