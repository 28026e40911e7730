// Command bbolt_peer does to a file, with bbolt itself, what standard input says, one command a
// line; names, keys and values are in hexadecimal, with a dot before them so that none is empty.
//
//	put BUCKET KEY VALUE    delete BUCKET KEY    create BUCKET    drop BUCKET    commit
//	nest BUCKET NAME        fill BUCKET KEY SIZE dump             check
//
// A transaction begins with the first change. What is wrong comes out as lines "problem ...".
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	bolt "go.etcd.io/bbolt"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decode(word string) []byte {
	bytes, err := hex.DecodeString(word[1:])
	must(err)
	return bytes
}

func main() {
	pageSize, err := strconv.Atoi(os.Args[2])
	must(err)
	options := &bolt.Options{PageSize: pageSize, NoSync: true, NoFreelistSync: os.Args[3] == "nofreelist"}
	db, err := bolt.Open(os.Args[1], 0o600, options)
	must(err)
	peer := &peer{db: db, out: bufio.NewWriter(os.Stdout)}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		peer.run(strings.Split(in.Text(), " "))
	}
	must(in.Err())
	must(peer.out.Flush())
	must(db.Close())
}

type peer struct {
	db  *bolt.DB
	tx  *bolt.Tx
	out *bufio.Writer
}

func (p *peer) run(words []string) {
	switch words[0] {
	case "commit":
		if p.tx != nil {
			must(p.tx.Commit())
			p.tx = nil
		}
	case "dump":
		must(p.db.View(func(tx *bolt.Tx) error {
			return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
				p.dump(name, bucket)
				return nil
			})
		}))
	case "check":
		must(p.db.View(func(tx *bolt.Tx) error {
			for err := range tx.Check() {
				fmt.Fprintln(p.out, "problem", err)
			}
			return nil
		}))
	default:
		p.change(words)
	}
}

func (p *peer) dump(name []byte, bucket *bolt.Bucket) {
	fmt.Fprintf(p.out, "bucket .%x\n", name)
	must(bucket.ForEach(func(key, value []byte) error {
		if value == nil {
			p.dump(key, bucket.Bucket(key))
		} else {
			fmt.Fprintf(p.out, "pair .%x .%x\n", key, value)
		}
		return nil
	}))
}

func (p *peer) change(words []string) {
	if p.tx == nil {
		tx, err := p.db.Begin(true)
		must(err)
		p.tx = tx
	}
	name := decode(words[1])
	if words[0] == "drop" {
		if p.tx.Bucket(name) != nil {
			must(p.tx.DeleteBucket(name))
		}
		return
	}
	bucket, err := p.tx.CreateBucketIfNotExists(name)
	must(err)
	switch words[0] {
	case "put":
		must(bucket.Put(decode(words[2]), decode(words[3])))
	case "delete":
		must(bucket.Delete(decode(words[2])))
	case "nest":
		nested, err := bucket.CreateBucketIfNotExists(decode(words[2]))
		must(err)
		for i := range 300 {
			must(nested.Put([]byte(fmt.Sprintf("nested%04d", i)), make([]byte, 20)))
		}
	case "fill":
		size, err := strconv.Atoi(words[3])
		must(err)
		must(bucket.Put(decode(words[2]), make([]byte, size)))
	case "create":
	default:
		fmt.Fprintln(os.Stderr, "unknown command", words[0])
		os.Exit(1)
	}
}
