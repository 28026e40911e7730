/**
 * detcd: an etcd-compatible server that a program embeds in one line.
 *
 * @module
 */
export { Config } from "./src/embed/config/config.ts";
export { startEtcd, Etcd } from "./src/embed/etcd.ts";
