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

/** Answers an Authenticate call with a token if the password is right. */
export async function login(
  server: EtcdServer,
  call: ServerCall,
  header: ResponseHeaderWriter,
  name: string,
  password: string,
): Promise<void> {
  try {
    const { admitted, authRevision } = await admit(server, call, name, password);
    const token = await server.auth.tokens.issue(name, authRevision, admitted);
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
  name: string,
  password: string,
): Promise<Login> {
  for (;;) {
    const revision = server.auth.revision;
    await checkPassword(server, call, name, password);
    const result = await proposeLogin(server, name);
    if (result.authRevision === revision) return result;
  }
}

async function checkPassword(
  { auth, config }: EtcdServer,
  call: ServerCall,
  name: string,
  password: string,
): Promise<void> {
  if (!auth.enabled) throw ETCD_ERRORS.authNotEnabled;
  const user = auth.store.user(name);
  if (user !== undefined && hasNoPassword(user)) throw ETCD_ERRORS.noPasswordUser;
  // Whoever does not exist takes as long as whoever has another password, so that names cannot be
  // found out by the time that it takes.
  const passwordHash = user?.passwordHash ?? EMPTY_BYTES;
  const isRight = await auth.passwords.matches(password, passwordHash, () => !call.finished);
  if (isRight) return;
  // What strangers make up is not worth a line.
  if (user !== undefined) config.logger.info("invalid password", { "user-name": name });
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
