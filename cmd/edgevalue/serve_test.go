package main

import (
	"bytes"
	"log/slog"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The garbage collector knows the container's limit, unless GOMEMLIMIT says another.
func TestLimitMemory(t *testing.T) { //nolint:paralleltest // the limit is the process's
	t.Setenv("GOMEMLIMIT", "") // so that it is restored
	require.NoError(t, os.Unsetenv("GOMEMLIMIT"))
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	limit := func(container memlimit.Provider) (int64, string) {
		debug.SetMemoryLimit(math.MaxInt64)
		var log bytes.Buffer
		limitMemory(slog.New(slog.NewTextHandler(&log, nil)), container)
		return debug.SetMemoryLimit(-1), log.String()
	}

	const container = 512 << 20
	got, log := limit(memlimit.Limit(container))
	assert.InDelta(t, 0.9*container, got, 1)
	assert.Contains(t, log, "memory limit")

	for _, none := range []error{memlimit.ErrNoLimit, memlimit.ErrNoCgroup, memlimit.ErrCgroupsNotSupported} {
		got, log = limit(func() (uint64, error) { return 0, none })
		assert.EqualValues(t, math.MaxInt64, got)
		assert.Empty(t, log, "%v", none)
	}
	_, log = limit(func() (uint64, error) { return 0, errors.New("unreadable") })
	assert.Contains(t, log, "level=WARN")

	t.Setenv("GOMEMLIMIT", "1GiB")
	got, _ = limit(memlimit.Limit(container))
	assert.EqualValues(t, math.MaxInt64, got, "the runtime has read it itself")
}

// A heap may have garbage of at least 8 MiB, and of two thirds of what lives without what a cache holds.
func TestGCPercent(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for _, tt := range []struct {
		live, held uint64
		want       int
	}{
		{0, 0, 1000}, {mb / 2, 0, 1000}, {4 * mb, 0, 200}, {8 * mb, 0, 100}, {12 * mb, 0, 66}, {200 * mb, 0, 66},
		{70 * mb, 64 * mb, 11}, {88 * mb, 64 * mb, 18}, {8 * mb, 64 * mb, 100}, {1024 * mb, 1000 * mb, 10},
	} {
		assert.Equal(t, tt.want, gcPercent(tt.live, tt.held), "%d MB live, %d MB held", tt.live/mb, tt.held/mb)
	}
}

// Each collection sets the percentage for the next one, unless GOGC says it.
func TestPaceGarbage(t *testing.T) { //nolint:paralleltest // the percentage is the process's
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	percent := func() int {
		p := debug.SetGCPercent(100)
		debug.SetGCPercent(p)
		return p
	}
	t.Setenv("GOGC", "100")
	var held atomic.Uint64
	paceGarbage(held.Load)
	assert.Equal(t, 100, percent())

	t.Setenv("GOGC", "")
	paceGarbage(held.Load)
	pinned := make([]byte, 64<<20)
	for _, h := range []uint64{0, 64 << 20, 0} {
		held.Store(h)
		require.Eventually(t, func() bool {
			runtime.GC()
			return (percent() < 60) == (h > 0)
		}, 10*time.Second, time.Millisecond)
	}
	runtime.KeepAlive(pinned)
}
