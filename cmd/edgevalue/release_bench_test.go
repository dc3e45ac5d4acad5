package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// The marks of a release: ms from its start to its first answer, and MB of resident memory beside the cache's bound.
const (
	mostToFirstAnswer = 200.0
	mostMemory        = 64.0
)

// reads are what BenchmarkMemory asks for.
var reads = []string{
	"/api/v1/companies/AAPL", "/api/v1/companies?page_size=100", "/api/v1/financial-statements?page_size=100&share_basis=filed",
}

// BenchmarkStart starts the release again and again, on a migrated database, and asks from the first moment on. first-ms
// is the median time from the start of the process to a whole answer.
func BenchmarkStart(b *testing.B) {
	r := newRelease(b)
	var missed []string // a benchmark that fails shows no figures: the one around it does
	for _, path := range []string{"/livez", "/", reads[0]} {
		b.Run(strings.ReplaceAll(strings.Trim(path, "/"), "/", "_"), func(b *testing.B) {
			var took []float64
			for b.Loop() {
				for range 7 {
					start := time.Now()
					s := r.serve(b)
					s.await(b, path)
					took = append(took, float64(time.Since(start).Microseconds())/1000)
					s.stop(b)
				}
			}
			slices.Sort(took)
			ms := took[len(took)/2]
			b.ReportMetric(ms, "first-ms")
			b.ReportMetric(0, "ns/op") // says nothing
			if ms > mostToFirstAnswer {
				missed = append(missed, fmt.Sprintf("%s was answered %.0f ms after the start, %.0f at most are wanted", path, ms, mostToFirstAnswer))
			}
		})
	}
	require.Empty(b, missed)
}

// BenchmarkMemory asks the release for the three reads of BenchmarkAPI over 32 connections: without a cache, from a small
// one, and after a whole one was filled with other pages. peak-MB is the most memory that was resident (the
// median of three processes), of which file-MB are pages of the program's file; cpu-us is what the process took for a request.
func BenchmarkMemory(b *testing.B) {
	r := newRelease(b)
	var missed []string
	for _, bm := range []struct {
		name  string
		bound int // of the cache, in MB
		fill  bool
	}{{"cold", 0, false}, {"hot", 8, false}, {"full", 64, true}} {
		b.Run(bm.name, func(b *testing.B) {
			var peaks []float64
			var file, cpu float64
			for b.Loop() {
				for range 3 {
					s := r.serve(b, fmt.Sprintf("CACHE_SIZE=%dMiB", bm.bound))
					s.await(b, reads[0])
					for size := 1; bm.fill && size <= 1000; size++ { // 185 MB
						s.load(b, fmt.Sprintf("/api/v1/companies?page_size=%d", size), 1, 0)
					}
					before, answers := s.cpu(b), 0
					for _, path := range reads {
						answers += s.load(b, path, 32, time.Second)
					}
					cpu = float64((s.cpu(b) - before).Microseconds()) / float64(answers)
					peaks, file = append(peaks, s.memory(b, "VmHWM")), s.memory(b, "RssFile")
					s.stop(b)
				}
			}
			slices.Sort(peaks)
			peak := peaks[len(peaks)/2]
			b.ReportMetric(peak, "peak-MB")
			b.ReportMetric(file, "file-MB")
			b.ReportMetric(float64(bm.bound), "cache-MB")
			b.ReportMetric(cpu, "cpu-us/req")
			b.ReportMetric(0, "ns/op")
			if beside := peak - float64(bm.bound); beside > mostMemory {
				missed = append(missed, fmt.Sprintf("%s: %.0f MB beside the cache, %.0f at most are wanted", bm.name, beside, mostMemory))
			}
		})
	}
	require.Empty(b, missed)
}

// A release is the program as "make build" makes it, with a database that has the samples.
type release struct{ program, dsn string }

func newRelease(b *testing.B) release {
	b.Helper()
	r := release{filepath.Join(b.TempDir(), "edgevalue"), pgtest.DSN(b)}
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", r.program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(b, err, "%s", out)
	for _, args := range [][]string{{"companies", "company_tickers.json.gz"}, {
		"sec", "companyfacts-CIK0000320193.json.gz", "companyfacts-CIK0001640147.json.gz", "companyfacts-CIK0001835632.json.gz",
	}} {
		for i := range args[1:] {
			args[i+1] = filepath.Join("..", "..", "internal", "sample", args[i+1])
		}
		cmd := exec.CommandContext(b.Context(), r.program, append([]string{"import"}, args...)...)
		cmd.Env = r.env()
		out, err := cmd.CombinedOutput()
		require.NoError(b, err, "%s", out)
	}
	return r
}

func (r release) env(more ...string) []string {
	return append([]string{"DATABASE_URL=" + r.dsn, "SECRET_KEY=" + testKey, "LOG_FORMAT=json", "PATH=" + os.Getenv("PATH")}, more...)
}

// A serving process of a release.
type serving struct {
	cmd  *exec.Cmd
	addr string
}

func (r release) serve(b *testing.B, env ...string) serving {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	addr := l.Addr().String()
	require.NoError(b, l.Close())
	cmd := exec.CommandContext(b.Context(), r.program, "serve")
	cmd.Env = r.env(append([]string{"LISTEN_ADDR=" + addr, "ADMIN_ADDR=127.0.0.1:0"}, env...)...)
	require.NoError(b, cmd.Start())
	return serving{cmd, addr}
}

func (s serving) stop(b *testing.B) {
	b.Helper()
	require.NoError(b, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(b, s.cmd.Wait())
}

// await asks for a path until it is answered.
func (s serving) await(b *testing.B, path string) {
	b.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			_, err = conn.Write(request(path))
			var res *http.Response
			if err == nil {
				res, err = http.ReadResponse(bufio.NewReader(conn), nil)
			}
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				require.Equal(b, http.StatusOK, res.StatusCode)
			}
			_ = conn.Close()
		}
		if err == nil {
			return
		}
		require.True(b, time.Now().Before(end), "%s has no answer: %v", path, err)
	}
}

func request(path string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/html, application/json\r\n\r\n")
}

// load asks for a path for a while, once at least, and returns the number of answers.
func (s serving) load(b *testing.B, path string, connections int, long time.Duration) (answers int) {
	b.Helper()
	end := time.Now().Add(long)
	counts, errs := make([]int, connections), make([]error, connections)
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				errs[i] = err
				return
			}
			defer func() { _ = conn.Close() }()
			for r := bufio.NewReader(conn); counts[i] == 0 || time.Now().Before(end); counts[i]++ {
				_, err := conn.Write(request(path))
				var res *http.Response
				if err == nil {
					res, err = http.ReadResponse(r, nil)
				}
				if err == nil {
					_, err = io.Copy(io.Discard, res.Body)
				}
				if err == nil && res.StatusCode != http.StatusOK {
					err = fmt.Errorf("%s: %s", path, res.Status)
				}
				if err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	all.Wait()
	for i, n := range counts {
		require.NoError(b, errs[i])
		answers += n
	}
	return answers
}

// memory is a line of the process's status, in MB.
func (s serving) memory(b *testing.B, line string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	require.NoError(b, err)
	_, rest, found := strings.Cut(string(status), "\n"+line+":")
	require.True(b, found, line)
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	require.NoError(b, err)
	return kb / 1024
}

// cpu is the processor time that the process has taken.
func (s serving) cpu(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	require.NoError(b, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])) // from the state on
	var ticks int
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(f)
		require.NoError(b, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
