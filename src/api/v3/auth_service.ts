import { bytesFromText } from "../../base/bytes.ts";
import type { Requester } from "../../core/auth/requester.ts";
import type { ServerCall } from "../../net/grpc/server_call.ts";
import type { MessageCodec } from "../../pb/codec.ts";
import {
  AuthenticateRequest,
  AuthRoleGetRequest,
  AuthRoleGetResponse,
  AuthRoleListRequest,
  AuthRoleListResponse,
  AuthStatusRequest,
  AuthStatusResponse,
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  AuthUserGetRequest,
  AuthUserGetResponse,
  AuthUserListRequest,
  AuthUserListResponse,
} from "../../pb/etcdserverpb.ts";
import { AUTH_SERVICE } from "../../pb/services.ts";
import { keptPassword } from "../../server/auth/password_hasher.ts";
import type { EtcdServer } from "../../server/etcd_server.ts";
import { type AuthChange, AuthChanges } from "../../server/operations/auth_changes.ts";
import type { ServiceRegistry } from "../service_registry.ts";
import { requesterOf, requireRoot } from "./access.ts";
import { CallWaiter, respond, type ResponseWriter } from "./call_waiter.ts";
import { refusing, whenReadable } from "./calls.ts";
import { failWithServer } from "./disk_failure.ts";
import { login } from "./login.ts";
import { ResponseHeaderWriter } from "./response_header.ts";

/** The last 3.x whose members hash the passwords that they find in the log themselves. */
const LAST_MINOR_WITH_PLAIN_PASSWORDS = 4;

/**
 * etcdserverpb.Auth. Changes go through the log. What only tells something answers from the applied
 * state once that is fresh, for which etcd asks the log as well.
 */
export class AuthService {
  readonly #server: EtcdServer;
  readonly #header: ResponseHeaderWriter;
  readonly #writeHeader: ResponseWriter<void>;

  constructor(server: EtcdServer) {
    this.#server = server;
    this.#header = new ResponseHeaderWriter(server);
    this.#writeHeader = (writer) => this.#header.write(writer);
  }

  register(registry: ServiceRegistry): void {
    this.#registerChanges(registry);
    this.#registerPasswordChanges(registry);
    this.#registerQuestions(registry);
    registry.addUnary(
      AUTH_SERVICE.authenticate.path,
      refusing((call, bytes, start, end) => {
        const request = AuthenticateRequest.decode(bytes, start, end);
        const { name } = request;
        const password = keptPassword(request.password);
        whenReadable(
          this.#server,
          call,
          () => login(this.#server, call, this.#header, name, password),
        );
      }),
    );
  }

  #registerChanges(registry: ServiceRegistry): void {
    this.#addChange(registry, AUTH_SERVICE.authEnable.path, AuthChanges.enable);
    this.#addChange(registry, AUTH_SERVICE.authDisable.path, AuthChanges.disable);
    this.#addChange(registry, AUTH_SERVICE.userDelete.path, AuthChanges.userDelete);
    this.#addChange(registry, AUTH_SERVICE.userGrantRole.path, AuthChanges.userGrantRole);
    this.#addChange(registry, AUTH_SERVICE.userRevokeRole.path, AuthChanges.userRevokeRole);
    this.#addChange(registry, AUTH_SERVICE.roleAdd.path, AuthChanges.roleAdd);
    this.#addChange(registry, AUTH_SERVICE.roleDelete.path, AuthChanges.roleDelete);
    this.#addChange(
      registry,
      AUTH_SERVICE.roleGrantPermission.path,
      AuthChanges.roleGrantPermission,
    );
    this.#addChange(
      registry,
      AUTH_SERVICE.roleRevokePermission.path,
      AuthChanges.roleRevokePermission,
    );
  }

  #registerPasswordChanges(registry: ServiceRegistry): void {
    registry.addUnary(
      AUTH_SERVICE.userAdd.path,
      refusing((call, bytes, start, end) => {
        const request = AuthUserAddRequest.decode(bytes, start, end);
        const needsHash = request.options?.noPassword !== true;
        this.#changeWithPassword(call, AuthChanges.userAdd, request, needsHash);
      }),
    );
    registry.addUnary(
      AUTH_SERVICE.userChangePassword.path,
      refusing((call, bytes, start, end) => {
        const request = AuthUserChangePasswordRequest.decode(bytes, start, end);
        const needsHash = request.password !== "";
        this.#changeWithPassword(call, AuthChanges.userChangePassword, request, needsHash);
      }),
    );
  }

  #addChange<Request>(registry: ServiceRegistry, path: string, change: AuthChange<Request>): void {
    registry.addUnary(
      path,
      refusing((call, bytes, start, end) => {
        const request = change.request.decode(bytes, start, end);
        // Changes of others than root are refused when they are applied, and not worth an entry.
        this.#propose(call, change, request, requireRoot(this.#server.auth, call));
      }),
    );
  }

  /** The hash goes into the log instead of the password; where there is no need of one, neither. */
  async #changeWithPassword<Request extends { password: string; hashedPassword: string }>(
    call: ServerCall,
    change: AuthChange<Request>,
    request: Request,
    needsHash: boolean,
  ): Promise<void> {
    const { auth, config } = this.#server;
    try {
      // Before the work is done, which etcd does for everybody.
      const requester = requireRoot(auth, call);
      if (needsHash) {
        const hash = await auth.passwords.hash(request.password, call);
        request.hashedPassword = bytesFromText(hash).toBase64();
      }
      // Members that do not know the other field hash this one.
      const isForOld = needsHash && config.compatVersion.minor <= LAST_MINOR_WITH_PLAIN_PASSWORDS;
      if (!isForOld) request.password = "";
      this.#propose(call, change, request, requester);
    } catch (error) {
      failWithServer(call, this.#server, error);
    }
  }

  #propose<Request>(
    call: ServerCall,
    change: AuthChange<Request>,
    request: Request,
    requester: Requester,
  ): void {
    const waiter = new CallWaiter<void>(call, this.#writeHeader);
    const operation = change.operation(request, waiter, requester);
    this.#server.proposeEncoded(operation, change.request.encode(request), call.remote.work);
  }

  #registerQuestions(registry: ServiceRegistry): void {
    const { store } = this.#server.auth;
    this.#addQuestion(registry, AUTH_SERVICE.authStatus, AuthStatusRequest, () => {
      const { enabled, revision: authRevision } = store;
      return AuthStatusResponse.create({ enabled, authRevision });
    });
    this.#addQuestion(registry, AUTH_SERVICE.userList, AuthUserListRequest, (_, requester) => {
      store.checkRoot(requester);
      return AuthUserListResponse.create({ users: store.userNames() });
    });
    this.#addQuestion(registry, AUTH_SERVICE.roleList, AuthRoleListRequest, (_, requester) => {
      store.checkRoot(requester);
      return AuthRoleListResponse.create({ roles: store.roleNames() });
    });
    this.#addQuestion(registry, AUTH_SERVICE.userGet, AuthUserGetRequest, ({ name }, requester) => {
      // Everybody may know about themselves.
      if (name !== requester.username) store.checkRoot(requester);
      return AuthUserGetResponse.create({ roles: [...store.rolesOf(name)] });
    });
    this.#addQuestion(registry, AUTH_SERVICE.roleGet, AuthRoleGetRequest, ({ role }, requester) => {
      if (!store.hasRole(requester.username, role)) store.checkRoot(requester);
      return AuthRoleGetResponse.create({ perm: [...store.permissionsOf(role)] });
    });
  }

  #addQuestion<Request, Response>(
    registry: ServiceRegistry,
    method: { readonly path: string; readonly response: MessageCodec<Response> },
    codec: MessageCodec<Request>,
    answer: (request: Request, requester: Requester) => Response,
  ): void {
    const write: ResponseWriter<Response> = (writer, response) => {
      this.#header.write(writer);
      method.response.write(response, writer);
    };
    registry.addUnary(
      method.path,
      refusing((call, bytes, start, end) => {
        const request = codec.decode(bytes, start, end);
        whenReadable(this.#server, call, () => {
          const requester = requesterOf(this.#server.auth, call);
          requester.admit();
          respond(call, write, answer(request, requester));
        });
      }),
    );
  }
}
