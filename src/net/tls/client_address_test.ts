import assert from "node:assert/strict";
import { checkClientAddress, type HostResolver } from "./client_address.ts";
import { HandshakeError } from "./handshake_error.ts";

/** Knows one machine, `n1.example`, and fails for all others. */
const RESOLVER: HostResolver = {
  namesOf: (address) =>
    address === "10.0.0.1" ? Promise.resolve(["n1.example."]) : Promise.reject(new Error("no PTR")),
  addressesOf: (name) =>
    name === "alias.example"
      ? Promise.resolve(["10.0.0.9", "10.0.0.1"])
      : Promise.reject(new Error("no A")),
};

function check(names: { dnsNames?: string[]; ipAddresses?: string[] }, address = "10.0.0.1") {
  return checkClientAddress({ dnsNames: [], ipAddresses: [], ...names }, address, RESOLVER);
}

Deno.test("checkClientAddress() takes a certificate without names from everywhere", async () => {
  await check({});
});

Deno.test("checkClientAddress() takes an address that is among the names", async () => {
  await check({ ipAddresses: ["10.0.0.2", "10.0.0.1"] });
  await check({ ipAddresses: ["10.0.0.2"], dnsNames: ["n1.example"] });
});

Deno.test("checkClientAddress() takes an address whose name is among the names", async () => {
  await check({ dnsNames: ["n1.example"] });
  await check({ dnsNames: ["*.example"] });
  await check({ dnsNames: ["unknown.example", "alias.example"] });
});

Deno.test("checkClientAddress() refuses all else in etcd's words", async () => {
  await assert.rejects(
    check({ ipAddresses: ["10.0.0.2"] }),
    new HandshakeError("x509: certificate is valid for 10.0.0.2, not 10.0.0.1"),
  );
  await assert.rejects(
    check({ dnsNames: ["n2.example", "*.other"] }),
    new HandshakeError('tls: "10.0.0.1" does not match any of DNSNames ["n2.example" "*.other"]'),
  );
  await assert.rejects(check({ dnsNames: ["alias.example"] }, "10.0.0.3"), HandshakeError);
});
