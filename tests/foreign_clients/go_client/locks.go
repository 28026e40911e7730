package main

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"
)

func (s scenario) session(ttl int) *concurrency.Session {
	return got(concurrency.NewSession(s.client, concurrency.WithTTL(ttl)))
}

// mutex has several sessions count under one lock: nobody is inside with another, no step is lost.
func mutex(s scenario) {
	const workers, steps = 5, 6
	s.put("counter", "0")
	var inside, overlaps atomic.Int32
	var all sync.WaitGroup
	for range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			session := s.session(30)
			defer session.Close()
			lock := concurrency.NewMutex(session, s.key("lock"))
			for range steps {
				must(lock.Lock(s.ctx))
				if inside.Add(1) != 1 {
					overlaps.Add(1)
				}
				count := got(strconv.Atoi(s.value("counter")))
				s.put("counter", strconv.Itoa(count+1))
				inside.Add(-1)
				must(lock.Unlock(s.ctx))
			}
		}()
	}
	all.Wait()
	fmt.Println("counted", s.value("counter"), "overlaps", overlaps.Load())

	holder, other := s.session(30), s.session(30)
	defer holder.Close()
	defer other.Close()
	held := concurrency.NewMutex(holder, s.key("try"))
	must(held.TryLock(s.ctx))
	second := concurrency.NewMutex(other, s.key("try"))
	fmt.Println("second try:", second.TryLock(s.ctx))
	owner := got(s.client.Txn(s.ctx).If(held.IsOwner()).Commit())
	fmt.Println("held by its owner:", owner.Succeeded)
	must(held.Unlock(s.ctx))
	fmt.Println("after unlock:", second.TryLock(s.ctx))
}

// leaseLoss takes the lease from under a lock: its holder learns it, and who waits gets the lock.
func leaseLoss(s scenario) {
	// A client learns of the loss when it next renews, which is after a third of the time to live.
	holder, waiter := s.session(3), s.session(30)
	defer waiter.Close()
	held := concurrency.NewMutex(holder, s.key("lock"))
	must(held.Lock(s.ctx))
	waiting := concurrency.NewMutex(waiter, s.key("lock"))
	locked := make(chan error)
	go func() { locked <- waiting.Lock(s.ctx) }()
	got(s.client.Revoke(s.ctx, holder.Lease()))
	<-holder.Done()
	fmt.Println("the holder's session is done")
	fmt.Println("the waiter locks:", <-locked)
	stillOwner := got(s.client.Txn(s.ctx).If(held.IsOwner()).Commit())
	fmt.Println("still held by the first:", stillOwner.Succeeded)

	// An orphan is not kept alive, so its keys go when its time is up.
	orphan := s.session(2)
	lock := concurrency.NewMutex(orphan, s.key("orphaned"))
	must(lock.Lock(s.ctx))
	gone := s.client.Watch(s.ctx, lock.Key(), clientv3.WithFilterPut())
	orphan.Orphan()
	response := <-gone
	must(response.Err())
	fmt.Println("the orphan's key:", response.Events[0].Type)
}

// election has two candidates; an observer sees each leader and each new value.
func election(s scenario) {
	first, second := s.session(30), s.session(30)
	defer first.Close()
	defer second.Close()
	a := concurrency.NewElection(first, s.key("election"))
	b := concurrency.NewElection(second, s.key("election"))
	_, err := a.Leader(s.ctx)
	fmt.Println("before:", errors.Is(err, concurrency.ErrElectionNoLeader))
	must(a.Campaign(s.ctx, "a"))
	seen := b.Observe(s.ctx)
	fmt.Println("leader", string((<-seen).Kvs[0].Value))
	elected := make(chan error)
	go func() { elected <- b.Campaign(s.ctx, "b") }()
	must(a.Proclaim(s.ctx, "a2"))
	fmt.Println("leader", string((<-seen).Kvs[0].Value))
	must(a.Resign(s.ctx))
	must(<-elected)
	fmt.Println("leader", string((<-seen).Kvs[0].Value))
	fmt.Println("proclaim after resigning:", a.Proclaim(s.ctx, "a3"))
	resumed := concurrency.ResumeElection(second, s.key("election"), b.Key(), b.Rev())
	must(resumed.Proclaim(s.ctx, "b2"))
	fmt.Println("leader", string(got(a.Leader(s.ctx)).Kvs[0].Value))
}

// recipes go through the structures that are built upon locks and watches.
func recipes(s scenario) {
	queue := recipe.NewQueue(s.client, s.key("queue"))
	taken := make(chan string)
	go func() { taken <- got(queue.Dequeue()) }()
	must(queue.Enqueue("one"))
	fmt.Println("dequeued", <-taken)
	must(queue.Enqueue("two"))
	must(queue.Enqueue("three"))
	fmt.Println("dequeued", got(queue.Dequeue()), got(queue.Dequeue()))

	urgent := recipe.NewPriorityQueue(s.client, s.key("urgent"))
	for name, priority := range map[string]uint16{"low": 9, "high": 1, "middle": 5} {
		must(urgent.Enqueue(name, priority))
	}
	fmt.Println("by priority", got(urgent.Dequeue()), got(urgent.Dequeue()), got(urgent.Dequeue()))

	barrier := recipe.NewBarrier(s.client, s.key("barrier"))
	must(barrier.Hold())
	passed := make(chan error)
	go func() { passed <- recipe.NewBarrier(s.client, s.key("barrier")).Wait() }()
	must(barrier.Release())
	fmt.Println("barrier passed:", <-passed)

	readers, writer := s.session(30), s.session(30)
	defer readers.Close()
	defer writer.Close()
	reading := recipe.NewRWMutex(readers, s.key("rw"))
	must(reading.RLock())
	writing := recipe.NewRWMutex(writer, s.key("rw"))
	written := make(chan error)
	go func() { written <- writing.Lock() }()
	must(reading.RUnlock())
	fmt.Println("write lock behind a reader:", <-written)
	must(writing.Unlock())

	var all sync.WaitGroup
	for range 3 {
		all.Add(1)
		go func() {
			defer all.Done()
			session := s.session(30)
			defer session.Close()
			together := recipe.NewDoubleBarrier(session, s.key("together"), 3)
			must(together.Enter())
			must(together.Leave())
		}()
	}
	all.Wait()
	fmt.Println("three came and left together")
}

// softwareTransactions move money between accounts from many sides; none is made or lost.
func softwareTransactions(s scenario) {
	const accounts, workers, transfers = 4, 4, 6
	account := func(i int) string { return s.key(fmt.Sprintf("account%d", i%accounts)) }
	for i := range accounts {
		got(s.client.Put(s.ctx, account(i), "100"))
	}
	var all sync.WaitGroup
	for worker := range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			for step := range transfers {
				from, to := account(worker+step), account(worker+step+1)
				got(concurrency.NewSTM(s.client, func(stm concurrency.STM) error {
					stm.Put(from, add(stm.Get(from), -7))
					stm.Put(to, add(stm.Get(to), 7))
					return nil
				}))
			}
		}()
	}
	all.Wait()
	sum := 0
	for i := range accounts {
		sum += got(strconv.Atoi(string(got(s.client.Get(s.ctx, account(i))).Kvs[0].Value)))
	}
	fmt.Println("sum", sum)
}

func add(text string, amount int) string {
	return strconv.Itoa(got(strconv.Atoi(text)) + amount)
}
