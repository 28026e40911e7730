import assert from "node:assert/strict";
import { parseNetworkBytes, parseSoftLimit } from "./process_files.ts";

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units     
Max address space         unlimited            unlimited            bytes     
Max open files            1024                 524288               files     
`;

const NETSTAT = `TcpExt: SyncookiesSent SyncookiesRecv
TcpExt: 0 1
IpExt: InNoRoutes InOctets OutOctets
IpExt: 7 1000 2000
`;

Deno.test("parseSoftLimit() reads the soft limit of a name", () => {
  assert.equal(parseSoftLimit(LIMITS, "Max open files"), 1024);
  assert.equal(parseSoftLimit(LIMITS, "Max address space"), 2 ** 64);
  assert.equal(parseSoftLimit(LIMITS, "Max nothing"), undefined);
});

Deno.test("parseNetworkBytes() finds the bytes by their names", () => {
  assert.deepEqual(parseNetworkBytes(NETSTAT), { received: 1000, sent: 2000 });
  assert.equal(parseNetworkBytes("TcpExt: a\nTcpExt: 1\n"), undefined);
});
