import { systemClock } from "../../base/clock.ts";
import { AuthenticatedTransport, withCredentials } from "./transport/authenticated_transport.ts";
import { Client } from "./client.ts";
import { checkCredentials, type Credentials } from "./transport/credentials.ts";
import { type ConnectOptions, connectTransport } from "./transport/network_transport.ts";

/**
 * Connects to a server by one of its client URLs (`http`, `https`, `unix`, `unixs`, or only
 * `host:port`), or to a cluster by those of several members. With several, calls go in turn to
 * those that can be reached.
 *
 * Rejects with a {@linkcode ClientError} with code Unavailable when none can be reached within the
 * dial timeout, with the server's error when it does not take the credentials, and with a TypeError
 * for a URL that is none or credentials that lack a part.
 *
 * @example
 * ```ts
 * import { connect, newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * await using client = await connect(etcd.clientUrl); // such as "http://127.0.0.1:2379"
 * await client.put("greeting", "hello");
 * ```
 *
 * @example As a user, on a server with authentication
 * ```ts
 * import { connect, newMemoryConfig, startEtcd } from "@detcd/detcd";
 *
 * await using etcd = await startEtcd(newMemoryConfig());
 * const root = { user: "root", password: "secret" };
 * await using client = await connect(etcd.clientUrl, root);
 *
 * await client.auth.addUser("root", root);
 * await client.auth.addRole("root");
 * await client.auth.grantRole("root", "root");
 * await client.auth.enable();
 * await client.put("greeting", "hello");
 * ```
 */
export async function connect(
  endpoints: string | readonly string[],
  options: ConnectOptions & Credentials = {},
): Promise<Client> {
  // What is wrong with them need not wait for a connection.
  checkCredentials(options);
  const network = await connectTransport(endpoints, options);
  const transport = withCredentials(network, systemClock, options);
  const client = new Client(transport);
  try {
    if (transport instanceof AuthenticatedTransport) await transport.authenticate();
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}
