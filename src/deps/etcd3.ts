/** The npm client that most JavaScript programs use with etcd; tests only. */
export { Etcd3, EtcdLockFailedError } from "npm:etcd3@1.1.2";
