package main

import (
	"bytes"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"testing"

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
