/** One of the machine's addresses. */
interface Address {
  readonly name: string;
  readonly family: string;
  readonly address: string;
}

/**
 * The address under which other machines reach this one: that of the interface with the default
 * route. Throws when it cannot be told.
 */
export function findDefaultHost(): string {
  return chooseHost(Deno.networkInterfaces(), defaultRouteInterface());
}

/** Chooses among the machine's addresses; IPv4 comes first, as in etcd. */
export function chooseHost(
  addresses: readonly Address[],
  routeInterface: string | undefined,
): string {
  const outer = addresses.filter(isReachable);
  const interfaceName = routeInterface ?? onlyInterfaceOf(outer);
  const ofInterface = outer.filter((address) => address.name === interfaceName);
  const chosen = ofInterface.find((address) => address.family === "IPv4") ?? ofInterface[0];
  if (chosen === undefined) throw new Error("could not find default host");
  return chosen.address;
}

/** Loopback and link-local addresses mean nothing to other machines. */
function isReachable({ address }: Address): boolean {
  return !/^(?:127\.|169\.254\.|::1$|fe80:)/i.test(address);
}

/** Where the routing table cannot be read, a single interface needs no table. */
function onlyInterfaceOf(addresses: readonly Address[]): string | undefined {
  const names = new Set(addresses.map((address) => address.name));
  return names.size === 1 ? [...names][0] : undefined;
}

const ROUTE_TABLE = "/proc/net/route";

function defaultRouteInterface(): string | undefined {
  if (Deno.build.os !== "linux" || !mayReadEverything()) return undefined;
  try {
    return interfaceOfDefaultRoute(Deno.readTextFileSync(ROUTE_TABLE));
  } catch {
    // A machine without the table is one where the choice must do without it.
    return undefined;
  }
}

/** Deno lets a program read /proc only when it may do everything, and would ask the user. */
function mayReadEverything(): boolean {
  const all = ["read", "write", "net", "env", "sys", "run", "ffi"] as const;
  return all.every((name) => Deno.permissions.querySync({ name }).state === "granted");
}

/** The interface that Linux's routing table sends everything else through. */
export function interfaceOfDefaultRoute(table: string): string | undefined {
  for (const line of table.split("\n").slice(1)) {
    const [name, destination, , , , , , mask] = line.split("\t");
    if (destination === "00000000" && mask === "00000000") return name;
  }
  return undefined;
}
