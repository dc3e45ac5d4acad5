package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-faster/errors"
)

// A listener lets nobody down when it ends: the kernel resets the connections that wait to be accepted when a listening
// socket is closed, although their clients have been told that they are connected.
type listener struct {
	*net.TCPListener
	ending atomic.Bool
	rest   chan net.Conn // what waited when it ended
}

// listen listens at addr or, if that is taken and other allows it, at any port of the same host.
func listen(ctx context.Context, addr string, other bool) (*listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil && other {
		host, _, _ := net.SplitHostPort(addr)
		l, err = lc.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, errors.Wrap(err, "listen")
	}
	return &listener{TCPListener: l.(*net.TCPListener), rest: make(chan net.Conn, 4096)}, nil
}

// Accept returns the next connection and, once the listener has ended, those that waited.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.TCPListener.Accept()
	if err == nil || !l.ending.Load() {
		return c, err
	}
	if c, ok := <-l.rest; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

// end takes what waits to be accepted, for Accept to return, and closes the socket at once. It is called once.
func (l *listener) end() error {
	defer close(l.rest)
	l.ending.Store(true)
	raw, err := l.SyscallConn()
	if err != nil {
		return errors.Wrap(err, "reach the socket")
	}
	err = raw.Control(func(fd uintptr) {
		for len(l.rest) < cap(l.rest) {
			syscall.ForkLock.RLock()
			accepted, _, err := syscall.Accept(int(fd))
			if err == nil {
				syscall.CloseOnExec(accepted)
			}
			syscall.ForkLock.RUnlock()
			switch {
			case errors.Is(err, syscall.EINTR), errors.Is(err, syscall.ECONNABORTED):
				continue
			case err != nil: // no more; Close would come later
				_ = syscall.Shutdown(int(fd), syscall.SHUT_RDWR)
				return
			}
			f := os.NewFile(uintptr(accepted), "connection")
			if c, err := net.FileConn(f); err == nil {
				l.rest <- c
			}
			_ = f.Close() // a copy is served
		}
	})
	return errors.Join(err, l.Close())
}

// arrivals are the connections whose first request has not come yet. http.Server drops a request that comes while it
// shuts down, so that must wait for them.
type arrivals struct {
	mu      sync.Mutex
	waiting map[net.Conn]bool
}

type connKey struct{}

// watch makes a server tell of its connections.
func (a *arrivals) watch(server *http.Server) {
	a.waiting = map[net.Conn]bool{}
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	server.ConnState = func(c net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			a.mu.Lock()
			defer a.mu.Unlock()
			a.waiting[c] = true
		case http.StateClosed, http.StateHijacked:
			a.leave(c)
		case http.StateActive, http.StateIdle:
		}
	}
	next := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.leave(r.Context().Value(connKey{}).(net.Conn))
		next.ServeHTTP(w, r)
	})
}

func (a *arrivals) leave(c net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiting, c)
}

// wait waits until the first request of each has come, at most for patience: a client may send none.
func (a *arrivals) wait(ctx context.Context, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		a.mu.Lock()
		n := len(a.waiting)
		a.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
