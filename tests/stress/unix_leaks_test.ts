import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Config, parseUrlList } from "../../mod.ts";
import { CertificateDirectory } from "../../src/net/tls/testing/certificate_directory.ts";
import { openSocket } from "./http2_session.ts";
import { testLeavesNothing } from "./leak_scenario.ts";
import { GONE, goneWatcherOf, vanish } from "./vanishing_clients.ts";

const CLIENTS_AT_A_TIME = 50;

const directory = new CertificateDirectory();
globalThis.addEventListener("unload", () => directory[Symbol.dispose]());

/** Listens on a unix socket as well. */
function alsoAt(url: string): (config: Config) => void {
  return (config) => {
    config.listenClientUrls = [...config.listenClientUrls, ...parseUrlList(url)];
    config.clientTlsInfo.certFile = directory.certFile;
    config.clientTlsInfo.keyFile = directory.keyFile;
  };
}

async function openSecured(path: string): Promise<Socket> {
  const socket = connectTls({ socket: await openSocket(path), ca: directory.certificate });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      socket.off("error", reject);
      resolve();
    });
  });
  return socket;
}

/** `share`: each of so many of ten thousand clients. */
function testVanishing(
  what: string,
  scheme: string,
  open: (path: string) => Promise<Socket>,
  share: number,
): void {
  const path = `${directory.path}/${scheme}.sock`;
  testLeavesNothing(what, async (_port, tenThousand, historyRevision) => {
    const gone = [...GONE, goneWatcherOf(historyRevision)];
    const count = tenThousand / share;
    let begun = 0;
    await Promise.all(Array.from({ length: CLIENTS_AT_A_TIME }, async () => {
      // The system knows no reset of unix sockets.
      while (begun < count) await vanish(await open(path), gone[begun++ % gone.length], false);
    }));
  }, { configure: alsoAt(`${scheme}://${path}`) });
}

testVanishing("2 500 clients of a unix socket that vanish", "unix", openSocket, 4);
testVanishing("250 clients of an encrypted unix socket that vanish", "unixs", openSecured, 40);
