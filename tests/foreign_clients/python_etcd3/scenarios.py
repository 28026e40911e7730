"""Has the Python client etcd3 do real work against a server and print what it saw, a fact a line.

    scenarios.py HOST:PORT PREFIX SCENARIO

Every key begins with the prefix. The test that starts this knows which lines are right.
"""

import hashlib
import io
import sys
import threading
import time

import etcd3
import etcd3.exceptions
import grpc


class Scenario:
    """What all steps of one run share."""

    def __init__(self, endpoint, prefix):
        self.host, port = endpoint.rsplit(":", 1)
        self.port = int(port)
        self.prefix = prefix
        self.client = self.new_client()

    def new_client(self):
        return etcd3.client(host=self.host, port=self.port, timeout=15)

    def login(self, user, password):
        client = etcd3.client(
            host=self.host, port=self.port, user=user, password=password, timeout=15)
        # Debian's gRPC refuses these without TLS; the token goes along as metadata anyway.
        client.call_credentials = None
        return client

    def key(self, name):
        return self.prefix + name

    def value(self, name):
        """What stands under a key, or "-"."""
        value, _ = self.client.get(self.key(name))
        return "-" if value is None else value.decode()

    def name(self, key):
        return key.decode()[len(self.prefix):]

    def pairs(self, found):
        return [f"{self.name(meta.key)}={value.decode()}" for value, meta in found]


def keys_and_values(s):
    s.client.put(s.key("a"), "1")
    print("before", s.client.put(s.key("a"), "2", prev_kv=True).prev_kv.value.decode())
    for name in ["c", "b"]:
        s.client.put(s.key(name), name)
    print(s.pairs(s.client.get_prefix(s.prefix)))
    print(s.pairs(s.client.get_prefix(s.prefix, sort_order="descend", sort_target="create")))
    print(s.pairs(s.client.get_range(s.key("a"), s.key("c"))))
    print("keys only", s.pairs(s.client.get_prefix(s.prefix, keys_only=True)))
    _, meta = s.client.get(s.key("a"))
    print("version", meta.version, "of revision", meta.mod_revision - meta.create_revision)
    print("if absent", s.client.put_if_not_exists(s.key("a"), "3"),
          s.client.put_if_not_exists(s.key("d"), "4"))
    print("replaced", s.client.replace(s.key("a"), "2", "5"), s.client.replace(s.key("a"), "2", "6"))
    print("deleted", s.client.delete(s.key("a")), s.client.delete(s.key("a")))
    print("deleted", s.client.delete_prefix(s.prefix).deleted)
    odd = bytes(range(256))
    s.client.put(s.key("odd"), odd)
    print("any byte", s.client.get(s.key("odd"))[0] == odd)


def transactions(s):
    client, t = s.client, s.client.transactions
    client.put(s.key("a"), "1")
    for expected in ["1", "2"]:
        succeeded, responses = client.transaction(
            compare=[t.value(s.key("a")) == expected, t.version(s.key("a")) > 0],
            success=[t.put(s.key("b"), "then"), t.get(s.key("b"))],
            failure=[t.put(s.key("b"), "else"), t.delete(s.key("a"))],
        )
        print(succeeded, len(responses), "a", s.value("a"), "b", s.value("b"))
    nested = t.txn(compare=[t.create(s.key("none")) == 0], success=[t.put(s.key("c"), "in")],
                   failure=[])
    succeeded, _ = client.transaction(compare=[], success=[nested], failure=[])
    print("nested", succeeded, "c", s.value("c"))


def watches(s):
    events, cancel = s.client.watch_prefix(s.prefix, prev_kv=True)
    s.client.put(s.key("a"), "1")
    s.client.put(s.key("a"), "2")
    s.client.delete(s.key("a"))
    for _ in range(3):
        event = next(events)
        print(type(event).__name__, s.name(event.key), event.value.decode(),
              "before", event.prev_value.decode())
    cancel()

    revision = s.client.get_prefix_response(s.prefix).header.revision
    past, cancel_past = s.client.watch_prefix(s.prefix, start_revision=revision - 2)
    print("from the past", [type(next(past)).__name__ for _ in range(3)])
    cancel_past()

    seen = threading.Event()
    watch_id = s.client.add_watch_callback(s.key("b"), lambda response: seen.set())
    s.client.put(s.key("b"), "1")
    print("called back", seen.wait(10))
    s.client.cancel_watch(watch_id)

    try:
        s.client.watch_once(s.key("never"), timeout=0.2)
    except etcd3.exceptions.WatchTimedOut:
        print("timed out")

    s.client.compact(revision)
    behind, _ = s.client.watch_prefix(s.prefix, start_revision=revision - 2)
    try:
        next(behind)
    except etcd3.exceptions.RevisionCompactedError as error:
        print("compacted", error.compacted_revision == revision)


def acquire(lock):
    """Waits for a lock. Debian's tenacity is too new for the client's own way to wait."""
    while not lock.acquire(timeout=0):
        time.sleep(0.01)
    return lock


def locks(s):
    lock = s.client.lock(s.key("lock"), ttl=30)
    print("acquired", lock.acquire(), lock.is_acquired())
    other = s.new_client().lock(s.key("lock"), ttl=30)
    print("another", other.acquire(timeout=0))
    print("refreshed", lock.refresh()[0].TTL)
    print("released", lock.release(), lock.is_acquired())
    print("another", other.acquire(timeout=0))
    other.release()

    s.client.put(s.key("counter"), "0")

    def count():
        client = s.new_client()
        for _ in range(4):
            lock = acquire(client.lock(s.key("count"), ttl=30))
            value, _ = client.get(s.key("counter"))
            client.put(s.key("counter"), str(int(value) + 1))
            lock.release()

    workers = [threading.Thread(target=count) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print("counted", s.value("counter"))

    forgotten = s.client.lock(s.key("forgotten"), ttl=2)
    forgotten.acquire()
    heir = acquire(s.new_client().lock(s.key("forgotten"), ttl=30))
    print("behind a lost lease", heir.is_acquired(), forgotten.is_acquired())


def leases(s):
    lease = s.client.lease(60)
    s.client.put(s.key("a"), "1", lease=lease)
    print("granted", lease.granted_ttl, "left", 0 < lease.remaining_ttl <= 60)
    print("keys", [s.name(key) for key in lease.keys])
    print("refreshed", lease.refresh()[0].TTL)
    lease.revoke()
    print("revoked, a", s.value("a"))
    chosen = s.client.lease(60, lease_id=4242)
    print("chosen", chosen.id)
    try:
        s.client.lease(60, lease_id=4242)
    except etcd3.exceptions.PreconditionFailedError:
        print("twice: precondition failed")
    chosen.revoke()

    short = s.client.lease(2)
    events, cancel = s.client.watch(s.key("short"))
    s.client.put(s.key("short"), "1", lease=short)
    print([type(next(events)).__name__ for _ in range(2)])
    cancel()


def alarms(s):
    [alarm] = s.client.create_alarm()
    print("raised", alarm.alarm_type)
    try:
        s.client.put(s.key("a"), "1")
    except grpc.RpcError as error:
        print("put:", error.code().name, error.details())
    print("deletes still", s.client.delete(s.key("none")))
    print("listed", [listed.alarm_type for listed in s.client.list_alarms()])
    print("disarmed", [gone.alarm_type for gone in s.client.disarm_alarm()])
    print("left", list(s.client.list_alarms()))
    s.client.put(s.key("a"), "1")
    print("put again", s.value("a"))


def maintenance(s):
    s.client.put(s.key("a"), "1")
    status = s.client.status()
    print("leader", status.leader.name, "size", status.db_size > 0)
    print("members", [(member.name, len(member.client_urls)) for member in s.client.members])
    s.client.defragment()
    print("hash", s.client.hash() == s.client.hash())
    image = io.BytesIO()
    s.client.snapshot(image)
    data, total = image.getvalue()[:-32], image.getvalue()[-32:]
    print("snapshot", len(data) % 4096 == 0, hashlib.sha256(data).digest() == total)


def rights(s):
    """A user does what its role allows. The client cannot make users, so etcd's messages are used."""
    rpc = etcd3.etcdrpc
    auth = rpc.AuthStub(s.client.channel)
    auth.UserAdd(rpc.AuthUserAddRequest(name="root", password="secret"))
    auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user="root", role="root"))
    auth.UserAdd(rpc.AuthUserAddRequest(name="ada", password="pw"))
    auth.AuthEnable(rpc.AuthEnableRequest())
    root = s.login("root", "secret")
    root.put(s.key("a"), "1")
    print("root reads", root.get(s.key("a"))[0].decode())
    for name, password in [("ada", "pw"), ("ada", "wrong")]:
        try:
            s.login(name, password).get(s.key("a"))
        except grpc.RpcError as error:
            print(password, error.code().name, error.details())
    try:
        s.client.get(s.key("a"))
    except grpc.RpcError as error:
        print("nobody", error.code().name, error.details())
    rpc.AuthStub(root.channel).AuthDisable(rpc.AuthDisableRequest(), metadata=root.metadata)
    print("off again", s.value("a"))


SCENARIOS = {
    "keys": keys_and_values,
    "transactions": transactions,
    "watches": watches,
    "locks": locks,
    "leases": leases,
    "alarms": alarms,
    "maintenance": maintenance,
    "rights": rights,
}

if __name__ == "__main__":
    SCENARIOS[sys.argv[3]](Scenario(sys.argv[1], sys.argv[2]))
