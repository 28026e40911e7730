import { describeClient } from "./client_run.ts";
import { runGoClient, whyNoGoClient } from "./go_client.ts";

describeClient({
  subject: "etcd's Go client 3.7",
  whyMissing: whyNoGoClient(),
  run: runGoClient,
}, [
  {
    behaviour: "counts under a mutex without overlap or loss",
    name: "mutex",
    sees: [
      "counted 30 overlaps 0",
      "second try: mutex: Locked by another session",
      "held by its owner: true",
      "after unlock: <nil>",
    ],
  },
  {
    behaviour: "loses a lock with its lease, and the next one gets it",
    name: "lease-loss",
    sees: [
      "the holder's session is done",
      "the waiter locks: <nil>",
      "still held by the first: false",
      "the orphan's key: DELETE",
    ],
  },
  {
    behaviour: "elects, observes, proclaims and resigns",
    name: "election",
    sees: [
      "before: true",
      "leader a",
      "leader a2",
      "leader b",
      "proclaim after resigning: election: not leader",
      "leader b2",
    ],
  },
  {
    behaviour: "queues, barriers and read-write locks work",
    name: "recipes",
    sees: [
      "dequeued one",
      "dequeued two three",
      "by priority high middle low",
      "barrier passed: <nil>",
      "write lock behind a reader: <nil>",
      "three came and left together",
    ],
  },
  {
    behaviour: "software transactions neither make nor lose money",
    name: "stm",
    sees: ["sum 400"],
  },
  {
    behaviour: "works below a namespace that it does not know",
    name: "namespace",
    sees: [
      "inside a=1",
      "inside b=2",
      "saw PUT a=1 new",
      "saw PUT b=2 new",
      "on the lease [a]",
      "outside of it 1 1",
    ],
  },
  {
    behaviour: "mirrors what is there and follows what comes",
    name: "mirror",
    sees: [
      "base of 1500 in pages: true",
      "update PUT base/0001=2",
      "update DELETE base/0002=",
    ],
  },
  {
    behaviour: "asks a watch stream for its progress",
    name: "progress",
    sees: ["created: true", "progress: true true"],
  },
  {
    behaviour: "watches the past, with filters, in fragments and over a compaction",
    name: "watch",
    sees: [
      "saw PUT a=1 new",
      "saw PUT a=2 before 1",
      "saw PUT b=1 new",
      "saw DELETE a= before 2",
      "deleted DELETE a=",
      "in fragments 4 2800000",
      "behind a compaction: etcdserver: mvcc: required revision has been compacted true",
      "canceled by its context, open: false",
    ],
  },
  {
    behaviour: "keeps leases alive and loses keys with them",
    name: "leases",
    sees: [
      "kept alive for 3",
      "once for 3",
      "granted 3 keys 2",
      "listed: true",
      "keep-alive ended; a - b -",
      "time to live -1",
      "kept alive again: etcdserver: requested lease not found",
    ],
  },
  {
    behaviour: "caches keys that it leases, until another writes them",
    name: "leasing",
    sees: ["after another's write 2"],
  },
  {
    behaviour: "knows each error by its type",
    name: "errors",
    sees: [
      "empty key true",
      "unknown lease true",
      "future revision true",
      "too large true",
      "duplicate key true",
      "key not found true",
      "empty user true",
      "bad transferee true",
      "no member true",
    ],
  },
  {
    behaviour: "a user may do what its role allows",
    name: "rights",
    sees: [
      "without a name: true",
      "wrong password: true",
      "inside 1",
      "outside: true",
      "users: true",
      "watch outside is canceled: true",
      "locked inside",
      "after its right was taken: true",
      "enabled: false",
    ],
    options: { notOn: { etcd: "etcd 3.4 has no AuthStatus" } },
  },
  {
    behaviour: "takes a snapshot whose sum is right",
    name: "snapshot",
    sees: ["pages: true sum: true"],
  },
  {
    behaviour: "resolves the endpoints of a service",
    name: "endpoints",
    sees: ["added 192.0.2.1:80", "listed 192.0.2.1:80", "gone: true"],
  },
  {
    behaviour: "reads a range as a stream",
    name: "stream",
    sees: ["bytes 4000000 last 39 in chunks: true"],
    options: { notOn: { etcd: "etcd 3.4 has no RangeStream" } },
  },
]);
