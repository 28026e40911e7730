/** The module of the worker that hashes passwords. */
import { BcryptWork } from "../../base/bcrypt/bcrypt.ts";
import type { HashJob } from "./hash_engine.ts";

/** What a worker sees of itself; the library of types knows the main thread only. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<HashJob>) => void) | null;
  postMessage(hash: string): void;
}

declare const self: WorkerScope;

self.onmessage = ({ data: { password, parameters } }) => {
  const work = new BcryptWork(password, parameters);
  work.step(Infinity);
  self.postMessage(work.hash());
};
