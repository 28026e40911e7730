import assert from "node:assert/strict";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { withDirectory } from "../base/testing/with_directory.ts";
import { removeOldSocket } from "./unix_socket.ts";

function listenOn(path: string): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(path, () => resolve(server));
  });
}

Deno.test("removeOldSocket() removes a socket and nothing else", () =>
  withDirectory(async (directory) => {
    const [socket, file, folder] = ["socket", "file", "folder"].map((name) =>
      `${directory}/${name}`
    );
    const link = `${directory}/link`;
    const server = await listenOn(socket);
    writeFileSync(file, "data");
    mkdirSync(folder);
    symlinkSync(socket, link);
    for (const path of [file, folder, link, `${directory}/nothing`]) removeOldSocket(path);
    assert([socket, file, folder].every((path) => existsSync(path)));
    removeOldSocket(socket);
    assert(!existsSync(socket));
    await new Promise((resolve) => server.close(resolve));
  }));
