/** The paths of the methods that are called, as HTTP/2 names them. */

export const RANGE_PATH = "/etcdserverpb.KV/Range";
export const PUT_PATH = "/etcdserverpb.KV/Put";
export const TXN_PATH = "/etcdserverpb.KV/Txn";
export const WATCH_PATH = "/etcdserverpb.Watch/Watch";
export const LEASE_GRANT_PATH = "/etcdserverpb.Lease/LeaseGrant";
export const LEASE_KEEP_ALIVE_PATH = "/etcdserverpb.Lease/LeaseKeepAlive";
