import { describeClient } from "./client_run.ts";
import { runPythonEtcd3, whyNoPythonEtcd3 } from "./python_etcd3.ts";

describeClient({
  subject: "etcd3 from Python",
  whyMissing: whyNoPythonEtcd3(),
  run: runPythonEtcd3,
}, [
  {
    behaviour: "puts, gets, sorts, replaces and deletes",
    name: "keys",
    sees: [
      "before 1",
      "['a=2', 'b=b', 'c=c']",
      "['b=b', 'c=c', 'a=2']",
      "['a=2', 'b=b']",
      "keys only ['a=', 'b=', 'c=']",
      "version 2 of revision 1",
      "if absent False True",
      "replaced True False",
      "deleted True False",
      "deleted 3",
      "any byte True",
    ],
  },
  {
    behaviour: "transactions compare, branch and nest",
    name: "transactions",
    sees: ["True 2 a 1 b then", "False 2 a - b else", "nested True c in"],
  },
  {
    behaviour: "watches now, in the past, by callback and over a compaction",
    name: "watches",
    sees: [
      "PutEvent a 1 before ",
      "PutEvent a 2 before 1",
      "DeleteEvent a  before 2",
      "from the past ['PutEvent', 'PutEvent', 'DeleteEvent']",
      "called back True",
      "timed out",
      "compacted True",
    ],
  },
  {
    behaviour: "locks exclude each other and end with their lease",
    name: "locks",
    sees: [
      "acquired True True",
      "another False",
      "refreshed 30",
      "released True False",
      "another True",
      "counted 16",
      "behind a lost lease True False",
    ],
  },
  {
    behaviour: "leases are refreshed, revoked, chosen and run out",
    name: "leases",
    sees: [
      "granted 60 left True",
      "keys ['a']",
      "refreshed 60",
      "revoked, a -",
      "chosen 4242",
      "twice: precondition failed",
      "['PutEvent', 'DeleteEvent']",
    ],
  },
  {
    behaviour: "raises, meets and disarms an alarm",
    name: "alarms",
    sees: [
      "raised 1",
      "put: RESOURCE_EXHAUSTED etcdserver: mvcc: database space exceeded",
      "deletes still False",
      "listed [1]",
      "disarmed [1]",
      "left []",
      "put again 1",
    ],
  },
  {
    behaviour: "sees the member, defragments, hashes and takes a snapshot",
    name: "maintenance",
    sees: [
      "leader default size True",
      "members [('default', 1)]",
      "hash True",
      "snapshot True True",
    ],
  },
  {
    behaviour: "logs in, and may do what its role allows",
    name: "rights",
    sees: [
      "root reads 1",
      "pw PERMISSION_DENIED etcdserver: permission denied",
      "wrong INVALID_ARGUMENT etcdserver: authentication failed, invalid user ID or password",
      "nobody INVALID_ARGUMENT etcdserver: user name is empty",
      "off again 1",
    ],
  },
]);
