import assert from "node:assert/strict";
import { chooseHost, interfaceOfDefaultRoute } from "./default_host.ts";

const LOOPBACK = { name: "lo", family: "IPv4", address: "127.0.0.1" };
const LAN6 = { name: "eth0", family: "IPv6", address: "2001:db8::1" };
const LAN = { name: "eth0", family: "IPv4", address: "192.0.2.2" };
const LINK_LOCAL = { name: "eth0", family: "IPv6", address: "fe80::1" };
const BRIDGE = { name: "docker0", family: "IPv4", address: "172.17.0.1" };

Deno.test("chooseHost() takes the IPv4 address of the interface with the default route", () => {
  assert.equal(chooseHost([LOOPBACK, BRIDGE, LINK_LOCAL, LAN6, LAN], "eth0"), "192.0.2.2");
  assert.equal(chooseHost([LOOPBACK, BRIDGE, LINK_LOCAL, LAN6], "eth0"), "2001:db8::1");
});

Deno.test("chooseHost() needs no route where there is one interface only", () => {
  assert.equal(chooseHost([LOOPBACK, LINK_LOCAL, LAN6, LAN], undefined), "192.0.2.2");
});

Deno.test("chooseHost() does not guess among several interfaces", () => {
  assert.throws(() => chooseHost([LOOPBACK, BRIDGE, LAN], undefined), /could not find/);
  assert.throws(() => chooseHost([LOOPBACK], undefined), /could not find/);
});

Deno.test("interfaceOfDefaultRoute() reads Linux's routing table", () => {
  const head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
  const local = "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
  const route = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
  assert.equal(interfaceOfDefaultRoute(head + local + route), "eth0");
  assert.equal(interfaceOfDefaultRoute(head + local), undefined);
  assert.equal(interfaceOfDefaultRoute(""), undefined);
});
