package main

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

// rights has a user do what its role allows, and nothing else. It turns authentication off again.
func rights(s scenario) {
	got(s.client.UserAdd(s.ctx, "root", "secret"))
	got(s.client.UserGrantRole(s.ctx, "root", "root"))
	got(s.client.UserAdd(s.ctx, "ada", "pw"))
	got(s.client.RoleAdd(s.ctx, "app"))
	got(s.client.RoleGrantPermission(s.ctx, "app", s.key("app/"),
		clientv3.GetPrefixRangeEnd(s.key("app/")), clientv3.PermissionType(clientv3.PermReadWrite)))
	got(s.client.UserGrantRole(s.ctx, "ada", "app"))
	got(s.client.AuthEnable(s.ctx))
	root := s.login("root", "secret")
	defer root.Close()
	defer func() {
		got(root.AuthDisable(s.ctx))
		fmt.Println("enabled:", got(s.client.AuthStatus(s.ctx)).Enabled)
	}()

	_, err := s.client.Get(s.ctx, s.key("app/a"))
	fmt.Println("without a name:", is(err, rpctypes.ErrUserEmpty))
	_, err = clientv3.New(s.loginConfig("ada", "wrong"))
	fmt.Println("wrong password:", is(err, rpctypes.ErrAuthFailed))

	ada := s.login("ada", "pw")
	defer ada.Close()
	got(ada.Put(s.ctx, s.key("app/a"), "1"))
	fmt.Println("inside", string(got(ada.Get(s.ctx, s.key("app/a"))).Kvs[0].Value))
	_, err = ada.Put(s.ctx, s.key("other"), "1")
	fmt.Println("outside:", is(err, rpctypes.ErrPermissionDenied))
	_, err = ada.UserList(s.ctx)
	fmt.Println("users:", is(err, rpctypes.ErrPermissionDenied))
	refused := <-ada.Watch(s.ctx, s.key("other"))
	fmt.Println("watch outside is canceled:", refused.Canceled)

	session := got(concurrency.NewSession(ada, concurrency.WithTTL(30)))
	lock := concurrency.NewMutex(session, s.key("app/lock"))
	must(lock.Lock(s.ctx))
	must(lock.Unlock(s.ctx))
	must(session.Close())
	fmt.Println("locked inside")

	got(root.RoleRevokePermission(s.ctx, "app", s.key("app/"), clientv3.GetPrefixRangeEnd(s.key("app/"))))
	_, err = ada.Get(s.ctx, s.key("app/a"))
	fmt.Println("after its right was taken:", is(err, rpctypes.ErrPermissionDenied))
}

func (s scenario) loginConfig(name, password string) clientv3.Config {
	return clientv3.Config{
		Endpoints:   s.client.Endpoints(),
		DialTimeout: 5 * time.Second,
		Username:    name,
		Password:    password,
	}
}

func (s scenario) login(name, password string) *clientv3.Client {
	return got(clientv3.New(s.loginConfig(name, password)))
}

// is tells whether an error is the one that the client has a name for.
func is(err, want error) bool {
	var typed rpctypes.EtcdError
	return errors.Is(err, want) || errors.As(err, &typed) && errors.Is(typed, want)
}
