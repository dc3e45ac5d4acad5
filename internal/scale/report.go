package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A stage is what was measured with a number of companies.
type stage struct {
	n        int
	archive  size
	known    int // companies that were there before
	imports  []imported
	imported string // how many companies have figures of filings
	// How many files cannot be read, and how many of them were said to be so.
	expected, failed int
	vacuum           time.Duration
	sizes            map[string]tableSize
	names            []string
	timings          map[string]timing
}

// An imported file.
type imported struct {
	name string
	usage
}

// What more than these is a finding.
const (
	maxGrowth = 1.3
	maxMedian = 50 * time.Millisecond
	maxMemory = 300 << 20 // bytes
	// 18,000 companies in half an hour.
	maxPerCompany = 100 * time.Millisecond
)

const bulk = "company facts"

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/1e6) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }

// writeReport writes all stages as Markdown, the last beside the first.
func writeReport(w io.Writer, machine []string, stages []stage) error {
	out := bufio.NewWriter(w)
	var findings []string
	titles := make([]string, len(stages))
	for i, s := range stages {
		titles[i] = fmt.Sprintf("N=%d", s.n)
	}
	header := func(columns ...string) {
		fmt.Fprintf(out, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	}
	row := func(cells ...string) { fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | ")) }
	each := func(name string, cell func(stage) string) {
		cells := []string{name}
		for _, s := range stages {
			cells = append(cells, cell(s))
		}
		row(cells...)
	}

	fmt.Fprintf(out, "# Scale: %s companies\n\n", strings.Join(titles, " and "))
	for _, line := range machine {
		fmt.Fprintf(out, "- %s\n", line)
	}

	fmt.Fprintf(out, "\n## Imports\n\n")
	header(append([]string{""}, titles...)...)
	each("files in the archive", func(s stage) string { return fmt.Sprint(s.archive.files) })
	each("of these imported before", func(s stage) string { return fmt.Sprint(s.known) })
	each("a file, unpacked, KB", func(s stage) string { return fmt.Sprint(s.archive.plain / int64(s.archive.files) / 1000) })
	each("a file, packed, KB", func(s stage) string { return fmt.Sprint(s.archive.packed / int64(s.archive.files) / 1000) })
	each("companies with figures", func(s stage) string { return s.imported })
	each("files that cannot be read", func(s stage) string { return fmt.Sprint(s.expected) })
	each("files of which the import says so", func(s stage) string { return fmt.Sprint(s.failed) })
	facts := func(s stage) imported {
		return s.imports[slices.IndexFunc(s.imports, func(i imported) bool { return i.name == bulk })]
	}
	each("companies/s", func(s stage) string {
		return fmt.Sprintf("%.1f", float64(s.archive.files-s.known)/facts(s).elapsed.Seconds())
	})
	each("unpacked MB/s", func(s stage) string {
		return fmt.Sprintf("%.1f", float64(s.archive.plain)/1e6/facts(s).elapsed.Seconds())
	})
	each("packed MB/s", func(s stage) string {
		return fmt.Sprintf("%.1f", float64(s.archive.packed)/1e6/facts(s).elapsed.Seconds())
	})
	for i, im := range stages[0].imports {
		each(im.name+", s", func(s stage) string { return seconds(s.imports[i].elapsed) })
		each(im.name+", s of CPU time of the process", func(s stage) string { return seconds(s.imports[i].cpu) })
		each(im.name+", peak of resident memory, MB", func(s stage) string { return megabytes(s.imports[i].peak) })
	}
	each("VACUUM ANALYZE afterwards, s", func(s stage) string { return seconds(s.vacuum) })
	for _, s := range stages {
		f := facts(s)
		if per := f.elapsed / time.Duration(max(1, s.archive.files-s.known)); per > maxPerCompany {
			findings = append(findings, fmt.Sprintf("N=%d: a company takes %s ms to import", s.n, milliseconds(per)))
		}
		for _, im := range s.imports {
			if im.peak > maxMemory {
				findings = append(findings, fmt.Sprintf("N=%d: the import of %s takes %s MB", s.n, im.name, megabytes(im.peak)))
			}
		}
	}

	fmt.Fprintf(out, "\n## Tables\n\nWith indexes. Rows are PostgreSQL's estimate.\n\n")
	columns := []string{"table"}
	for _, t := range titles {
		columns = append(columns, "rows, "+t, "MB, "+t)
	}
	header(append(columns, "KB a company")...)
	last := stages[len(stages)-1]
	tables := slices.SortedFunc(maps.Keys(last.sizes), func(a, b string) int {
		return cmp.Or(cmp.Compare(last.sizes[b].bytes, last.sizes[a].bytes), cmp.Compare(a, b))
	})
	totals := make([]tableSize, len(stages))
	line := func(name string, sizes []tableSize) {
		cells := []string{name}
		for _, s := range sizes {
			cells = append(cells, fmt.Sprint(s.rows), megabytes(s.bytes))
		}
		row(append(cells, fmt.Sprintf("%.1f", float64(sizes[len(sizes)-1].bytes)/1e3/float64(last.n)))...)
	}
	for _, name := range tables {
		sizes := make([]tableSize, len(stages))
		for i, s := range stages {
			sizes[i] = s.sizes[name]
			totals[i].rows += sizes[i].rows
			totals[i].bytes += sizes[i].bytes
		}
		if last.sizes[name].rows > 0 {
			line(name, sizes)
		}
	}
	line("all", totals)

	fmt.Fprintf(out, "\n## Requests\n\nOver HTTP, one after the other on one connection, %d each after %d that do not count, until the answer is read; in ms. "+
		"Deep pages are those of the second half of the first %d items.\n\n", timesEach, warmUp, walkedPages*walkedItems)
	columns = []string{"request"}
	for _, t := range titles {
		columns = append(columns, "p50, "+t, "p99, "+t)
	}
	header(append(columns, "p50 grows", "")...)
	for _, name := range last.names {
		cells, marks := []string{name}, []string{}
		for _, s := range stages {
			t := s.timings[name]
			if t.requests == 0 {
				cells = append(cells, "", "")
			} else {
				cells = append(cells, milliseconds(t.p50), milliseconds(t.p99))
			}
			if t.failed > 0 {
				findings = append(findings, fmt.Sprintf("N=%d: %s: %d of %d failed, first %s", s.n, name, t.failed, timesEach, t.failure))
			}
			if t.p50 > maxMedian {
				marks = append(marks, fmt.Sprintf("over %d ms at N=%d", maxMedian.Milliseconds(), s.n))
			}
		}
		growth := ""
		if first, now := stages[0].timings[name].p50, last.timings[name].p50; first > 0 && now > 0 && len(stages) > 1 {
			ratio := float64(now) / float64(first)
			growth = fmt.Sprintf("%.2f", ratio)
			if ratio > maxGrowth {
				marks = append(marks, fmt.Sprintf("grows %.1f times", ratio))
			}
		}
		if len(marks) > 0 {
			findings = append(findings, name+": "+strings.Join(marks, ", "))
		}
		row(append(cells, growth, strings.Join(marks, ", "))...)
	}

	fmt.Fprintf(out, "\n## Findings\n\n")
	if len(findings) == 0 {
		fmt.Fprintf(out, "None.\n")
	}
	for _, f := range findings {
		fmt.Fprintf(out, "- %s\n", f)
	}
	return out.Flush()
}

var (
	cpuModel = regexp.MustCompile(`(?m)^(?:model name|Model)\s*:\s*(.+)$`)
	memTotal = regexp.MustCompile(`(?m)^MemTotal:\s+(\d+) kB`)
)

// describeMachine says what the figures were measured on. dir is where the data are.
func describeMachine(ctx context.Context, db database, dir string, ownServer bool) ([]string, error) {
	cpu, memory := "a processor of unknown model", "memory of unknown size"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := cpuModel.FindSubmatch(text); m != nil {
			cpu = string(m[1])
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if m := memTotal.FindSubmatch(text); m != nil {
			kb, _ := strconv.ParseInt(string(m[1]), 10, 64)
			memory = fmt.Sprintf("%.1f GiB of memory", float64(kb)/(1<<20))
		}
	}
	disk := "the database is on a server elsewhere"
	if ownServer {
		disk = diskOf(dir)
	}
	version, err := db.text(ctx, "SHOW server_version")
	if err != nil {
		return nil, err
	}
	changed := []string{}
	var name, setting string
	err = db.query(ctx, `SELECT name, current_setting(name) FROM pg_settings
		WHERE source NOT IN ('default', 'override', 'client', 'session', 'environment variable')
			AND name !~ '^(lc_|log_|port$|listen_addresses$|unix_socket|cluster_name$|default_text_search_config$|logging_|DateStyle$|[Tt]ime[Zz]one$)'
		ORDER BY name`, []any{&name, &setting}, func() error {
		changed = append(changed, name+"="+setting)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []string{
		fmt.Sprintf("%s, %d cores for Go, %s, %s/%s", cpu, runtime.GOMAXPROCS(0), memory, runtime.GOOS, runtime.GOARCH), disk,
		fmt.Sprintf("%s, PostgreSQL %s", runtime.Version(), version),
		"settings of the server that are not PostgreSQL's own: " + cmp.Or(strings.Join(changed, ", "), "none"),
	}, nil
}

// diskOf says of which kind the disk of a directory is, as far as Linux tells.
func diskOf(dir string) string {
	info, err := os.Stat(dir)
	if err != nil {
		return "a disk of unknown kind"
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "a disk of unknown kind"
	}
	dev := uint64(st.Dev) //nolint:unconvert // of another type elsewhere
	device := fmt.Sprintf("/sys/dev/block/%d:%d", dev>>8&0xfff, dev&0xff|dev>>12&0xfff00)
	for _, at := range []string{device, filepath.Join(device, "..")} {
		switch text, _ := os.ReadFile(at + "/queue/rotational"); strings.TrimSpace(string(text)) {
		case "0":
			return "a solid-state disk, or a virtual one that says so"
		case "1":
			return "a rotating disk, or a virtual one that says so"
		}
	}
	return "a disk of unknown kind"
}
