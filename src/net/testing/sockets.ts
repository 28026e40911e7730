import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A socket that is connected to a port of this machine, and does not mind how it ends. */
export async function connectTo({ port }: { readonly port: number }): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Waits until a socket is closed. Unlike `once()`, this takes an error for a way to close. */
export async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

/** Waits for something that some turns of the event loop bring about. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
