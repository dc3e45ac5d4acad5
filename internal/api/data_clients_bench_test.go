package api_test

import (
	"bufio"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// clients each keep a connection for all turns.
type clients []client

type client struct {
	conn    net.Conn
	answers *bufio.Reader
}

// A call sends a client's request and reads the answer.
type call func(client int, conn net.Conn, answers *bufio.Reader) error

func connect(addr string) (all clients, err error) {
	for range benchClients {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return all, err
		}
		all = append(all, client{conn, bufio.NewReaderSize(conn, 64<<10)})
	}
	return all, nil
}

func (all clients) close() {
	for _, c := range all {
		_ = c.conn.Close()
	}
}

// turn has all clients send requests for a while, and returns the number of answers.
func (all clients) turn(long time.Duration, send call) (answers int, err error) {
	var over atomic.Bool
	defer time.AfterFunc(long, func() { over.Store(true) }).Stop()
	counts := make([]int, len(all))
	var g errgroup.Group
	for i, c := range all {
		g.Go(func() error {
			n := 0
			for ; !over.Load(); n++ {
				if err := send(i, c.conn, c.answers); err != nil {
					return err
				}
			}
			counts[i] = n
			return nil
		})
	}
	err = g.Wait()
	for _, n := range counts {
		answers += n
	}
	return answers, err
}

// calling is a side to which clients send calls.
func calling(b *testing.B, addr string, send call) *side {
	b.Helper()
	all, err := connect(addr)
	require.NoError(b, err)
	b.Cleanup(all.close)
	return &side{turn: func(long time.Duration) (int, error) { return all.turn(long, send) }}
}

// reading is a side that answers paths of the API, one after the other, of which each client begins with another. The clients
// only count bytes, as they share the processors with the server: all answers to a path have the same number of them, and one
// of another length would put those after it out of step.
func reading(b *testing.B, addr string, paths ...string) *side {
	b.Helper()
	requests, lengths := make([][]byte, len(paths)), make([]int, len(paths))
	for i, path := range paths {
		requests[i], lengths[i] = get(path), wireLength(b, addr, path)
	}
	var asked [benchClients]int
	return calling(b, addr, func(client int, conn net.Conn, answers *bufio.Reader) error {
		i := (client*len(paths)/benchClients + asked[client]) % len(paths)
		asked[client]++
		if _, err := conn.Write(requests[i]); err != nil {
			return err
		}
		const ok = "HTTP/1.1 200 OK\r\n"
		if head, err := answers.Peek(len(ok)); err != nil || string(head) != ok {
			return fmt.Errorf("no answer: %q, %w", head, err)
		}
		_, err := answers.Discard(lengths[i])
		return err
	})
}
