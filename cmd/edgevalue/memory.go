package main

import (
	"log/slog"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/go-faster/errors"
)

// limitMemory makes the garbage collector keep to nine tenths of the container's memory, unless GOMEMLIMIT says how much.
func limitMemory(log *slog.Logger, container memlimit.Provider) {
	limit, err := memlimit.SetGoMemLimitWithOpts(memlimit.WithRatio(0.9), memlimit.WithProvider(container))
	if unlimited := errors.Is(err, memlimit.ErrCgroupsNotSupported) ||
		errors.Is(err, memlimit.ErrNoCgroup); err != nil && !unlimited {
		log.Warn("the container's memory limit is unknown", "error", err)
	} else if limit > 0 && limit < math.MaxInt64 {
		log.Info("memory limit", "bytes", limit)
	}
}

// garbage is how much may be allocated until the next collection, beside what lives, at least. More than that may be two thirds
// of what lives. By Go's default it is as much as what lives: too little for a server that is small and makes long lists, too much
// for one with a full cache, and half as much again of memory for little time.
const garbage = 8 << 20

// gcPercent is GOGC for so many bytes that live, of which some are held by a cache and allow no garbage.
func gcPercent(live, held uint64) int {
	const least, most = 10, 1000
	room := max((live-min(held, live))*2/3, garbage)
	return int(min(max(room*100/max(live, 1), least), most))
}

// A pacer sets gcPercent after each collection.
type pacer struct {
	held func() uint64
	live []metrics.Sample
}

// paceGarbage has the garbage collector keep to gcPercent, unless GOGC says how much it may leave.
func paceGarbage(held func() uint64) {
	if os.Getenv("GOGC") == "" {
		(&pacer{held, []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}).pace()
	}
}

func (p *pacer) pace() {
	metrics.Read(p.live)
	debug.SetGCPercent(gcPercent(p.live[0].Value.Uint64(), p.held()))
	runtime.SetFinalizer(p, (*pacer).pace) // nothing else refers to p: this comes when the next collection has ended
}
