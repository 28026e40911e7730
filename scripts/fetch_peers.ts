/**
 * Fetches the programs that detcd is measured and tested against into `.peers/`, without root and
 * without touching the system: Debian packages, and what only Go's module proxy has. Run again, it
 * gets only what is missing; what cannot be had here is named, and the tests that need it skip.
 */

import { findProgram } from "../tests/harness/programs.ts";
import { DebianPackages } from "./peers/debian_packages.ts";
import { debianPeer, debianPythonPeer } from "./peers/debian_peers.ts";
import { etcdGoPeer } from "./peers/go_peers.ts";
import { BIN_DIR, type Peer, whyBroken } from "./peers/peer.ts";

const NEWER_ETCD = "v3.7.1";

function peers(): Peer[] {
  const packages = new DebianPackages();
  // Of these, whichever the system has does.
  const everyday = ["curl", "openssl"].filter((program) => findProgram(program) === undefined);
  return [
    ...everyday.map((program) => debianPeer(packages, program, program)),
    debianPeer(packages, "etcd", "etcd-server"),
    debianPeer(packages, "etcdctl", "etcd-client"),
    debianPeer(packages, "h2load", "nghttp2-client"),
    debianPeer(packages, "wrk", "wrk"),
    debianPeer(packages, "promtool", "prometheus"),
    debianPythonPeer(packages, "python3-etcd3", "python3-etcd3", "etcd3"),
    etcdGoPeer("etcd-3.7", "go.etcd.io/etcd/server/v3", NEWER_ETCD),
    etcdGoPeer("etcdctl-3.7", "go.etcd.io/etcd/etcdctl/v3", NEWER_ETCD),
  ];
}

async function main(): Promise<void> {
  await Deno.mkdir(BIN_DIR, { recursive: true });
  for (const peer of peers()) {
    const { program, origin } = peer;
    if (await whyBroken(peer) === undefined) {
      console.log(`present: ${program}`);
      continue;
    }
    const failure = await peer.get() ?? await whyBroken(peer);
    if (failure === undefined) console.log(`got: ${program} (${origin})`);
    else console.log(`not available: ${program} (${failure})`);
  }
}

if (import.meta.main) await main();
