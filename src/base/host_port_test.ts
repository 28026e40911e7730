import assert from "node:assert/strict";
import { AddressError, isIpAddress, joinHostPort, splitHostPort } from "./host_port.ts";

Deno.test("splitHostPort() parts hosts, IPv6 addresses and empty halves", () => {
  const cases: [string, string, string][] = [
    ["localhost:2379", "localhost", "2379"],
    ["[::1]:2379", "::1", "2379"],
    ["[fe80::1%eth0]:1", "fe80::1%eth0", "1"],
    [":2379", "", "2379"],
    ["host:", "host", ""],
    ["[host]:1", "host", "1"],
  ];
  for (const [address, host, port] of cases) {
    assert.deepEqual(splitHostPort(address), { host, port });
  }
});

Deno.test("splitHostPort() complains in Go's words", () => {
  const cases: [string, string][] = [
    ["", "missing port in address"],
    ["host", "missing port in address"],
    ["[::1]", "missing port in address"],
    ["::1:80", "too many colons in address"],
    ["[::1]80:1", "missing port in address"],
    ["[::1]::1", "too many colons in address"],
    ["[::1:80", "missing ']' in address"],
    ["a[b]:80", "unexpected '[' in address"],
    ["ab]:80", "unexpected ']' in address"],
    ["[a[b]:80", "unexpected '[' in address"],
  ];
  for (const [address, why] of cases) {
    assert.throws(() => splitHostPort(address), new AddressError(`address ${address}: ${why}`));
  }
});

Deno.test("joinHostPort() puts IPv6 addresses into brackets", () => {
  assert.equal(joinHostPort("::1", 80), "[::1]:80");
  assert.equal(joinHostPort("127.0.0.1", "80"), "127.0.0.1:80");
});

Deno.test("isIpAddress() takes addresses and neither names nor zones", () => {
  for (const text of ["127.0.0.1", "::1", "::ffff:1.2.3.4"]) assert(isIpAddress(text), text);
  for (const text of ["", "localhost", "1.2.3", "01.2.3.4", "fe80::1%eth0", "[::1]"]) {
    assert(!isIpAddress(text), text);
  }
});
