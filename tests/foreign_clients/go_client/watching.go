package main

import (
	"context"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/mirror"
	"go.etcd.io/etcd/client/v3/namespace"
	"go.etcd.io/etcd/client/v3/naming/endpoints"
)

// print says what events are, without the scenario's prefix.
func (s scenario) print(label string, events []*clientv3.Event) {
	for _, event := range events {
		key := strings.TrimPrefix(string(event.Kv.Key), s.prefix)
		fmt.Printf("%s %s %s=%s", label, event.Type, key, event.Kv.Value)
		if event.PrevKv != nil {
			fmt.Printf(" before %s", event.PrevKv.Value)
		}
		if event.IsCreate() {
			fmt.Print(" new")
		}
		fmt.Println()
	}
}

// collect reads a watch until it has shown so many events.
func (s scenario) collect(label string, watch clientv3.WatchChan, count int) {
	for seen := 0; seen < count; {
		response := <-watch
		must(response.Err())
		seen += len(response.Events)
		s.print(label, response.Events)
	}
}

// watches look from now on, from a revision in the past, with filters, with the pair before, and in
// fragments.
func watches(s scenario) {
	first := got(s.client.Put(s.ctx, s.key("a"), "1"))
	everything := s.client.Watch(s.ctx, s.prefix, clientv3.WithPrefix(), clientv3.WithPrevKV(),
		clientv3.WithRev(first.Header.Revision))
	deletions := s.client.Watch(s.ctx, s.prefix, clientv3.WithPrefix(), clientv3.WithFilterPut(),
		clientv3.WithRev(first.Header.Revision))
	s.put("a", "2")
	got(s.client.Txn(s.ctx).Then(
		clientv3.OpPut(s.key("b"), "1"),
		clientv3.OpDelete(s.key("a")),
	).Commit())
	s.collect("saw", everything, 4)
	s.collect("deleted", deletions, 1)

	large := strings.Repeat("x", 700_000)
	fragments := s.client.Watch(s.ctx, s.key("large"), clientv3.WithPrefix(), clientv3.WithFragment(),
		clientv3.WithRev(first.Header.Revision))
	for i := range 4 {
		s.put(fmt.Sprintf("large%d", i), large)
	}
	bytes, keys := 0, 0
	for keys < 4 {
		response := <-fragments
		must(response.Err())
		for _, event := range response.Events {
			keys++
			bytes += len(event.Kv.Value)
		}
	}
	fmt.Println("in fragments", keys, bytes)

	revision := got(s.client.Get(s.ctx, s.key("b"))).Header.Revision
	got(s.client.Compact(s.ctx, revision))
	compacted := <-s.client.Watch(s.ctx, s.prefix, clientv3.WithPrefix(),
		clientv3.WithRev(first.Header.Revision))
	fmt.Println("behind a compaction:", compacted.Err(), compacted.CompactRevision == revision)

	ctx, cancel := context.WithCancel(s.ctx)
	ended := s.client.Watch(ctx, s.prefix, clientv3.WithPrefix())
	cancel()
	_, isOpen := <-ended
	fmt.Println("canceled by its context, open:", isOpen)
}

// progress asks how far the watchers of a stream are, which mirrors and caches do.
func progress(s scenario) {
	ctx := clientv3.WithRequireLeader(s.ctx)
	watch := s.client.Watch(ctx, s.prefix, clientv3.WithPrefix(), clientv3.WithProgressNotify(),
		clientv3.WithCreatedNotify())
	fmt.Println("created:", (<-watch).Created)
	put := got(s.client.Put(s.ctx, "elsewhere"+s.prefix, "1"))
	must(s.client.RequestProgress(ctx))
	response := <-watch
	fmt.Println("progress:", response.IsProgressNotify(),
		response.Header.Revision >= put.Header.Revision)
}

// namespaces let a program work below a prefix without knowing it.
func namespaces(s scenario) {
	inner := s.key("inner/")
	kv := namespace.NewKV(s.client.KV, inner)
	watcher := namespace.NewWatcher(s.client.Watcher, inner)
	lease := namespace.NewLease(s.client.Lease, inner)
	watch := watcher.Watch(s.ctx, "", clientv3.WithPrefix())
	granted := got(lease.Grant(s.ctx, 30))
	got(kv.Put(s.ctx, "a", "1", clientv3.WithLease(granted.ID)))
	s.put("outside", "1")
	got(kv.Txn(s.ctx).
		If(clientv3.Compare(clientv3.Version("a"), "=", 1)).
		Then(clientv3.OpPut("b", "2"), clientv3.OpGet("", clientv3.WithPrefix())).
		Commit())
	for _, pair := range got(kv.Get(s.ctx, "", clientv3.WithFromKey())).Kvs {
		fmt.Printf("inside %s=%s\n", pair.Key, pair.Value)
	}
	s.collect("saw", watch, 2)
	alive := got(lease.TimeToLive(s.ctx, granted.ID, clientv3.WithAttachedKeys()))
	fmt.Printf("on the lease %s\n", alive.Keys)
	fmt.Println("outside of it", s.value("inner/a"), s.value("outside"))
}

// mirroring copies what is there and follows what comes, as make-mirror does.
func mirroring(s scenario) {
	const pairs = 1500
	for i := range pairs {
		s.put(fmt.Sprintf("base/%04d", i), "1")
	}
	syncer := mirror.NewSyncer(s.client, s.key("base/"), 0)
	base, failed := syncer.SyncBase(s.ctx)
	count, pages := 0, 0
	for page := range base {
		pages++
		count += len(page.Kvs)
	}
	must(<-failed)
	fmt.Println("base of", count, "in pages:", pages > 1)
	updates := syncer.SyncUpdates(s.ctx)
	s.put("base/0001", "2")
	got(s.client.Delete(s.ctx, s.key("base/0002")))
	s.collect("update", updates, 2)
}

// endpointsManager finds the addresses of a service, as a resolver of gRPC does.
func endpointsManager(s scenario) {
	manager := got(endpoints.NewManager(s.client, s.key("service")))
	watch := got(manager.NewWatchChannel(s.ctx))
	lease := got(s.client.Grant(s.ctx, 30))
	name := s.key("service/one")
	must(manager.AddEndpoint(s.ctx, name, endpoints.Endpoint{Addr: "192.0.2.1:80"},
		clientv3.WithLease(lease.ID)))
	for _, update := range <-watch {
		fmt.Println("added", update.Endpoint.Addr)
	}
	fmt.Println("listed", got(manager.List(s.ctx))[name].Addr)
	got(s.client.Revoke(s.ctx, lease.ID))
	for _, update := range <-watch {
		fmt.Println("gone:", update.Op == endpoints.Delete)
	}
}
