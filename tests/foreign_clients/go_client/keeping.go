package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/leasing"
)

// leases hold keys, are kept alive, tell what hangs on them, and take it along.
func leases(s scenario) {
	granted := got(s.client.Grant(s.ctx, 3))
	for _, name := range []string{"a", "b"} {
		got(s.client.Put(s.ctx, s.key(name), "1", clientv3.WithLease(granted.ID)))
	}
	alive := got(s.client.KeepAlive(s.ctx, granted.ID))
	fmt.Println("kept alive for", (<-alive).TTL)
	fmt.Println("once for", got(s.client.KeepAliveOnce(s.ctx, granted.ID)).TTL)
	left := got(s.client.TimeToLive(s.ctx, granted.ID, clientv3.WithAttachedKeys()))
	fmt.Println("granted", left.GrantedTTL, "keys", len(left.Keys))
	listed := slices.ContainsFunc(got(s.client.Leases(s.ctx)).Leases,
		func(lease clientv3.LeaseStatus) bool { return lease.ID == granted.ID })
	fmt.Println("listed:", listed)
	got(s.client.Revoke(s.ctx, granted.ID))
	_, isOpen := <-alive
	for isOpen {
		_, isOpen = <-alive
	}
	fmt.Println("keep-alive ended; a", s.value("a"), "b", s.value("b"))
	fmt.Println("time to live", got(s.client.TimeToLive(s.ctx, granted.ID)).TTL)
	_, err := s.client.KeepAliveOnce(s.ctx, granted.ID)
	fmt.Println("kept alive again:", err)
}

// leasingCache serves reads from memory while it owns a key, and lets go when another writes.
func leasingCache(s scenario) {
	cached, closeCached, err := leasing.NewKV(s.client, s.key("leasing/"))
	must(err)
	defer closeCached()
	other, closeOther, err := leasing.NewKV(s.client, s.key("leasing/"))
	must(err)
	defer closeOther()
	got(cached.Put(s.ctx, s.key("a"), "1"))
	for range 3 {
		got(cached.Get(s.ctx, s.key("a")))
	}
	got(other.Put(s.ctx, s.key("a"), "2"))
	fmt.Println("after another's write", string(got(cached.Get(s.ctx, s.key("a"))).Kvs[0].Value))
}

// typedErrors are told apart by programs, which needs the exact code and text of each.
func typedErrors(s scenario) {
	report := func(name string, err error, want error) {
		fmt.Println(name, is(err, want))
	}
	_, err := s.client.Put(s.ctx, "", "1")
	report("empty key", err, rpctypes.ErrEmptyKey)
	_, err = s.client.Put(s.ctx, s.key("a"), "1", clientv3.WithLease(7_777_777))
	report("unknown lease", err, rpctypes.ErrLeaseNotFound)
	_, err = s.client.Get(s.ctx, s.key("a"), clientv3.WithRev(1<<40))
	report("future revision", err, rpctypes.ErrFutureRev)
	_, err = s.client.Put(s.ctx, s.key("a"), strings.Repeat("x", 7<<18))
	report("too large", err, rpctypes.ErrRequestTooLarge)
	twice := clientv3.OpPut(s.key("a"), "1")
	_, err = s.client.Txn(s.ctx).Then(twice, twice).Commit()
	report("duplicate key", err, rpctypes.ErrDuplicateKey)
	_, err = s.client.Put(s.ctx, s.key("none"), "", clientv3.WithIgnoreValue())
	report("key not found", err, rpctypes.ErrKeyNotFound)
	_, err = s.client.UserAdd(s.ctx, "", "secret")
	report("empty user", err, rpctypes.ErrUserEmpty)
	_, err = s.client.MoveLeader(s.ctx, 12345)
	report("bad transferee", err, rpctypes.ErrBadLeaderTransferee)
	_, err = s.client.MemberRemove(s.ctx, 12345)
	report("no member", err, rpctypes.ErrMemberNotFound)
}

// snapshot takes a backup and checks the sum behind it.
func snapshot(s scenario) {
	s.put("a", "1")
	response := got(s.client.SnapshotWithVersion(s.ctx))
	defer response.Snapshot.Close()
	bytes := got(io.ReadAll(response.Snapshot))
	data, sum := bytes[:len(bytes)-sha256.Size], bytes[len(bytes)-sha256.Size:]
	fmt.Println("pages:", len(data)%4096 == 0, "sum:", sha256.Sum256(data) == [sha256.Size]byte(sum))
}

// rangeStream reads a range too large for one message.
func rangeStream(s scenario) {
	const pairs, size = 40, 100_000
	for i := range pairs {
		s.put(fmt.Sprintf("%02d", i), strings.Repeat("x", size))
	}
	chunks, bytes, last := 0, 0, ""
	for chunk := range got(s.client.GetStream(s.ctx, s.prefix, clientv3.WithPrefix())) {
		must(chunk.Err())
		chunks++
		for _, pair := range chunk.RangeResponse.Kvs {
			bytes += len(pair.Value)
			last = strings.TrimPrefix(string(pair.Key), s.prefix)
		}
	}
	fmt.Println("bytes", bytes, "last", last, "in chunks:", chunks > 1)
}
