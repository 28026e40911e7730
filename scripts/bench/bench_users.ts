import { bytesFromText } from "../../src/base/bytes.ts";
import { Permission, PermissionType } from "../../src/pb/authpb.ts";
import { AUTH_SERVICE, KV_SERVICE } from "../../src/pb/services.ts";
import { GrpcClient } from "../../tests/harness/grpc_client.ts";
import type { ServerProcess } from "../../tests/harness/server_process.ts";
import { KEY } from "./request_rows.ts";

const [ROOT, USER, ROLE, PASSWORD] = ["root", "loader", "bench", "bench"];

/** The users of a server: root, and one with some permissions. */
export class BenchUsers {
  readonly #client: GrpcClient;

  constructor(server: ServerProcess) {
    this.#client = new GrpcClient(server.endpoint);
  }

  async create(): Promise<void> {
    const value = bytesFromText("x");
    await this.#client.call(KV_SERVICE.put, { key: KEY, value });
    await this.#client.call(AUTH_SERVICE.roleAdd, { name: ROLE });
    for (const key of ["a", KEY, "z"]) await this.#grant(key);
    for (const name of [ROOT, USER]) {
      await this.#client.call(AUTH_SERVICE.userAdd, { name, password: PASSWORD });
    }
    await this.#client.call(AUTH_SERVICE.userGrantRole, { user: ROOT, role: ROOT });
    await this.#client.call(AUTH_SERVICE.userGrantRole, { user: USER, role: ROLE });
  }

  /** Switches authentication on; returns the token of the user. */
  async enable(): Promise<string> {
    await this.#client.call(AUTH_SERVICE.authEnable);
    return await this.#tokenOf(USER);
  }

  async disable(): Promise<void> {
    const token = await this.#tokenOf(ROOT);
    await this.#client.call(AUTH_SERVICE.authDisable, {}, { metadata: { token } });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #grant(key: string): Promise<void> {
    const perm = Permission.create({ permType: PermissionType.READWRITE, key });
    await this.#client.call(AUTH_SERVICE.roleGrantPermission, { name: ROLE, perm });
  }

  async #tokenOf(name: string): Promise<string> {
    const request = { name, password: PASSWORD };
    return (await this.#client.call(AUTH_SERVICE.authenticate, request)).token;
  }
}
