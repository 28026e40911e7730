// Command go_client has etcd's own Go client do real work against a server. It says what it saw, one
// fact a line, and the test that started it knows what is right.
//
//	go_client ENDPOINT PREFIX SCENARIO
//
// Every key begins with the prefix, so that scenarios can share a server.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// scenarioTimeout ends a scenario that hangs before the test that waits for it gives up.
const scenarioTimeout = 20 * time.Second

// scenario is what all steps of one run share.
type scenario struct {
	ctx    context.Context
	client *clientv3.Client
	prefix string
}

var scenarios = map[string]func(scenario){
	"mutex":      mutex,
	"lease-loss": leaseLoss,
	"election":   election,
	"recipes":    recipes,
	"rights":     rights,
	"stm":        softwareTransactions,
	"namespace":  namespaces,
	"mirror":     mirroring,
	"progress":   progress,
	"watch":      watches,
	"leases":     leases,
	"leasing":    leasingCache,
	"errors":     typedErrors,
	"snapshot":   snapshot,
	"endpoints":  endpointsManager,
	"stream":     rangeStream,
}

func main() {
	endpoint, prefix, name := os.Args[1], os.Args[2], os.Args[3]
	ctx, cancel := context.WithTimeout(context.Background(), scenarioTimeout)
	defer cancel()
	client := newClient(endpoint)
	defer client.Close()
	run, found := scenarios[name]
	if !found {
		fail(fmt.Errorf("no scenario is called %q", name))
	}
	run(scenario{ctx: ctx, client: client, prefix: prefix})
}

func newClient(endpoint string) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{endpoint},
		DialTimeout: 5 * time.Second,
	})
	must(err)
	return client
}

func must(err error) {
	if err != nil {
		fail(err)
	}
}

// got passes a result on, or ends the run.
func got[T any](value T, err error) T {
	must(err)
	return value
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (s scenario) key(name string) string { return s.prefix + name }

func (s scenario) put(name, value string) {
	got(s.client.Put(s.ctx, s.key(name), value))
}

// value is what stands under a key, or "-".
func (s scenario) value(name string) string {
	response := got(s.client.Get(s.ctx, s.key(name)))
	if len(response.Kvs) == 0 {
		return "-"
	}
	return string(response.Kvs[0].Value)
}
