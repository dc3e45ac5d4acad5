// Command scale measures EdgeValue with as many companies as file with the SEC: how long their import takes, what it
// needs, and whether answers take longer than with few. The companies are made of the samples.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/go-faster/errors"
)

// options are those of the command line.
type options struct {
	n, small  int
	seed      uint64
	out, keep string
	log       func(format string, args ...any)
}

func main() {
	var o options
	flag.IntVar(&o.n, "n", 18_000, "`number` of companies")
	flag.IntVar(&o.small, "small", 1000, "`number` of companies to compare with")
	flag.Uint64Var(&o.seed, "seed", 1, "`number` that other companies follow from")
	flag.StringVar(&o.out, "out", "", "`file` to write the report to (default: print it)")
	flag.StringVar(&o.keep, "keep", "", "`folder` to keep the files in that are imported (default: removed)")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), `Measure an installation with many companies, in a database of its own: one on the server of DATABASE_URL, or on a
server that is started for it. The temporary folder (TMPDIR) needs about 500 KB for each company.`)
		flag.PrintDefaults()
	}
	flag.Parse()
	begin := time.Now()
	o.log = func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
	}
	// A second signal ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.small = min(o.small, o.n); o.small < 1 || o.n > maxCompanies {
		return errors.Errorf("want from 1 to %d companies", maxCompanies)
	}
	dir, err := os.MkdirTemp("", "edgevalue-scale-")
	if err != nil {
		return errors.Wrap(err, "make a folder")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // the database's user must reach it
		return errors.Wrap(err, "make a folder")
	}
	g, err := newGenerator(o.seed)
	if err != nil {
		return err
	}
	o.log("building the program")
	p, err := build(ctx, dir)
	if err != nil {
		return err
	}
	server := os.Getenv("DATABASE_URL")
	db, err := newDatabase(ctx, server, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.remove()) }()
	p.configure(db.dsn)
	if _, err := p.run(ctx, "migrate", "up"); err != nil {
		return err
	}
	machine, err := describeMachine(ctx, db, dir, server == "")
	if err != nil {
		return err
	}
	numbers := []int{o.small}
	if o.n > o.small {
		numbers = append(numbers, o.n)
	}
	var stages []stage
	for _, n := range numbers {
		s := stage{n: n}
		if len(stages) > 0 {
			s.known = stages[len(stages)-1].n
		}
		if err := s.measure(ctx, g, db, p, o, dir); err != nil {
			return errors.Wrapf(err, "N=%d", n)
		}
		stages = append(stages, s)
	}
	out := os.Stdout
	if o.out != "" {
		if out, err = os.Create(o.out); err != nil {
			return errors.Wrap(err, "write report")
		}
		defer func() { err = errors.Join(err, out.Close()) }()
	}
	return writeReport(out, machine, stages)
}

// measure imports the stage's companies and asks for them.
func (s *stage) measure(ctx context.Context, g *generator, db database, p program, o options, dir string) error {
	files := filepath.Join(dir, fmt.Sprint("files-", s.n))
	if o.keep != "" {
		files = filepath.Join(o.keep, fmt.Sprint("files-", s.n))
	}
	o.log("making %d companies", s.n)
	if err := s.makeFiles(ctx, g, files); err != nil {
		return err
	}
	for _, im := range []struct {
		name string
		args []string
	}{
		{"listings", []string{"companies", filepath.Join(files, "company_tickers_exchange.json")}},
		{"exchange rates", []string{"rates", filepath.Join(files, "rates.csv")}},
		{bulk, []string{"sec-bulk", filepath.Join(files, "companyfacts.zip")}},
		{"prices", []string{"prices", filepath.Join(files, "prices.csv")}},
	} {
		o.log("importing %s", im.name)
		u, err := p.run(ctx, append([]string{"import"}, im.args...)...)
		if im.name == bulk {
			s.expected, s.failed, err = g.checkBulk(ctx, db, s.n, err)
		}
		if err != nil {
			return err
		}
		s.imports = append(s.imports, imported{im.name, u})
	}
	if o.keep == "" {
		if err := os.RemoveAll(files); err != nil {
			return errors.Wrap(err, "remove files")
		}
	}
	o.log("VACUUM ANALYZE")
	var err error
	if s.vacuum, s.sizes, err = db.vacuum(ctx); err != nil {
		return err
	}
	if s.imported, err = db.text(ctx, "SELECT count(DISTINCT company_id)::text FROM financial_statement"); err != nil {
		return err
	}
	about, err := g.findSubjects(ctx, db, s.n)
	if err != nil {
		return err
	}
	address, stop, err := p.serve(ctx)
	if err != nil {
		return err
	}
	o.log("asking")
	s.names, s.timings, err = newClient(address).measureAll(ctx, about, func(name string) { o.log("  %s", name) })
	return errors.Join(err, stop())
}

// checkBulk returns how many of the first n companies' files cannot be read, and how many an import that ended with failed
// says cannot. Unless these are the same files it returns an error.
func (g *generator) checkBulk(ctx context.Context, db database, n int, failed error) (expected, found int, err error) {
	want, err := g.failures(n)
	if err != nil {
		return 0, 0, err
	}
	state, err := db.text(ctx, "SELECT coalesce((SELECT state FROM sync ORDER BY id DESC LIMIT 1), 'no sync')")
	if err != nil {
		return 0, 0, err
	}
	var names []string
	messages := map[string]string{}
	var name, message string
	err = db.query(ctx, `SELECT name, coalesce(message, '') FROM sync_company WHERE state = 'failed' AND sync_id = (SELECT max(id) FROM sync)`,
		[]any{&name, &message}, func() error {
			names = append(names, name)
			messages[name] = message
			return nil
		})
	if err != nil {
		return 0, 0, err
	}
	if state != "succeeded" || (failed == nil) != (len(names) == 0) {
		return len(want), len(names), errors.Errorf("the import is %s, with %d failures; it ended with: %v", state, len(names), failed)
	}
	for _, name := range names {
		if !slices.Contains(want, name) {
			return len(want), len(names), errors.Errorf("%s fails: %s", name, messages[name])
		}
	}
	for _, name := range want {
		if !slices.Contains(names, name) {
			return len(want), len(names), errors.Errorf("%s does not fail", name)
		}
	}
	return len(want), len(names), nil
}

// makeFiles makes the files to import in a folder.
func (s *stage) makeFiles(ctx context.Context, g *generator, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return errors.Wrap(err, "make a folder")
	}
	for name, write := range map[string]func(io.Writer) error{
		"companyfacts.zip": func(w io.Writer) (err error) {
			s.archive, err = g.writeFacts(ctx, w, s.n)
			return err
		},
		"company_tickers_exchange.json": func(w io.Writer) error { return g.writeListings(w, s.n) },
		"prices.csv":                    func(w io.Writer) error { return g.writePrices(w, s.n) },
		"rates.csv":                     g.writeRates,
	} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return errors.Wrap(err, "make a file")
		}
		if err := errors.Join(write(f), f.Close()); err != nil {
			return errors.Wrap(err, name)
		}
	}
	return nil
}
