// Command generate rebuilds what is generated from openapi.yaml, schema/, queries/ and the Go types, and only that whose
// inputs or outputs are not those of its last run. A file that comes out the same is not touched, so that Go need not
// compile it again.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-faster/errors"
)

func main() {
	all := flag.Bool("a", false, "run every step, whatever has changed")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: generate [-a]")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *all)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, all bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil {
		return errors.Wrap(err, "enter the project")
	}
	p := project{tools: os.Getenv("TOOLS_DIR"), stamp: filepath.Join("bin", "generate.stamp"), out: os.Stdout, last: stamp{Tools: nil, Steps: nil}}
	if p.tools == "" {
		p.tools = filepath.Join("bin", "tools")
	}
	return p.generate(ctx, steps, all)
}

// moduleRoot is the folder of go.mod, this one or above.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", errors.Wrap(err, "where am I")
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod here or above")
		}
		dir = filepath.Dir(dir)
	}
}

// A project is the module in the working directory.
type project struct {
	tools string // the folder of the tools' programs
	stamp string // the file that says what the steps last read and wrote
	out   io.Writer

	mu   sync.Mutex
	last stamp
}

// A stamp is what the steps last read and wrote, by their names. No step is in it whose last run failed.
type stamp struct {
	Tools map[string]toolStamp `json:"tools"`
	Steps map[string]stepStamp `json:"steps"`
}

type toolStamp struct {
	Source  string `json:"source"`  // the hash of what it is built from
	Program string `json:"program"` // the hash of the program
}

type stepStamp struct {
	Inputs  string `json:"inputs"`
	Outputs string `json:"outputs"`
}

// generate runs the steps that have something to do, in their order. A step that nothing waits for runs beside those after
// it. The error of a step is what its tool says. A step whose tool this machine cannot run is left out: that is an error at
// the end when all were to run, and else a line of the output.
func (p *project) generate(ctx context.Context, steps []step, all bool) error {
	unlock, err := p.lock()
	if err != nil {
		return err
	}
	defer unlock()
	p.last = stamp{Tools: map[string]toolStamp{}, Steps: map[string]stepStamp{}}
	if text, err := os.ReadFile(p.stamp); err == nil && json.Unmarshal(text, &p.last) != nil {
		p.last = stamp{Tools: map[string]toolStamp{}, Steps: map[string]stepStamp{}}
	}
	var left []error
	done := func(s step, begin time.Time, ran bool, err error) error {
		if missing := new(missingError); errors.As(err, &missing) {
			left = append(left, errors.Errorf("%s: skipped: %w. All else is generated, but %s may be old", s.name, missing, strings.Join(s.outputs, ", ")))
			return nil
		}
		if ran {
			_, _ = fmt.Fprintf(p.out, "%-9s %.1f s\n", s.name, time.Since(begin).Seconds())
		}
		return err
	}
	var (
		beside []func() error
		errs   []error
	)
	for _, s := range steps {
		begin := time.Now()
		if !s.beside {
			ran, err := p.step(ctx, s, all)
			if err := done(s, begin, ran, err); err != nil {
				errs = append(errs, err)
				break
			}
			continue
		}
		var (
			ran    bool
			err    error
			finish = make(chan struct{})
		)
		go func() {
			defer close(finish)
			ran, err = p.step(ctx, s, all)
		}()
		beside = append(beside, func() error {
			<-finish
			return done(s, begin, ran, err)
		})
	}
	for _, wait := range beside {
		errs = append(errs, wait())
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if all {
		return errors.Join(left...)
	}
	for _, err := range left {
		_, _ = fmt.Fprintln(p.out, err)
	}
	return nil
}

// A missingError says what a tool needs that this machine does not have.
type missingError struct{ need string }

func (e *missingError) Error() string { return e.need }

// ready finds Node.js and installs the packages of a script for it.
func (t tool) ready(ctx context.Context) error {
	const need = "Node.js 20.19 or newer, with npm, is needed (scripts/install-node.sh)"
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return &missingError{need}
		}
	}
	out, err := exec.CommandContext(ctx, "make", "--no-print-directory", "--silent", t.modules).CombinedOutput()
	if err != nil && ctx.Err() == nil {
		return &missingError{need + ", and the packages of " + t.pkg + ": " + said(out, err)}
	}
	return nil
}

// lock keeps others from generating at the same time.
func (p *project) lock() (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(p.stamp), 0o755); err != nil {
		return nil, errors.Wrap(err, "make the stamp's folder")
	}
	f, err := os.OpenFile(p.stamp+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, errors.Wrap(err, "open the lock")
	}
	unlock = func() { _ = f.Close() }
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		unlock()
		return nil, errors.Wrap(err, "lock")
	}
	return unlock, nil
}

// step runs s if it needs to and reports whether it did.
func (p *project) step(ctx context.Context, s step, all bool) (ran bool, err error) {
	program, sum, err := p.build(ctx, s.tool)
	if err != nil {
		return false, err
	}
	then, thenSum := "", ""
	if s.then != nil {
		if then, thenSum, err = p.build(ctx, *s.then); err != nil {
			return false, err
		}
	}
	now := func() (st stepStamp, err error) {
		if st.Inputs, err = hashInputs(s); err != nil {
			return st, err
		}
		st.Inputs = hash(st.Inputs, sum, thenSum, strings.Join(s.args, "\x00"), strings.Join(s.thenArgs, "\x00"))
		st.Outputs, err = hashFiles(s.outputs)
		return st, err
	}
	before, err := now()
	if err != nil {
		return false, err
	}
	if before == p.lastOf(s) && !all {
		return false, nil
	}
	if err := p.save(s, nil); err != nil {
		return false, err
	}
	args := s.args
	if s.tool.modules != "" {
		if err := s.tool.ready(ctx); err != nil {
			return false, err
		}
		program, args = "node", append([]string{program}, args...)
	}

	scratch, err := os.MkdirTemp(filepath.Dir(p.stamp), "generate-")
	if err != nil {
		return false, errors.Wrap(err, "make a folder to generate into")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	into := scratch
	if s.inPlace {
		into = "."
	}
	kept, err := readTree(s.outputs)
	if err != nil {
		return false, err
	}
	err = prepare(scratch, s)
	if err == nil {
		err = s.runTool(ctx, program, args, into)
	}
	if err == nil && s.then != nil {
		err = s.runTool(ctx, then, s.thenArgs, into)
	}
	if s.inPlace {
		err = errors.Join(err, restore(kept, s.outputs, err != nil))
	}
	if err != nil {
		return false, err
	}
	if !s.inPlace && len(s.outputs) > 0 {
		if err := replace(kept, scratch, s.outputs); err != nil {
			return false, err
		}
	}
	after, err := now()
	if err != nil {
		return false, err
	}
	return true, p.save(s, &after)
}

func (p *project) lastOf(s step) stepStamp {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last.Steps[s.name]
}

// save notes what a step has read and written, or that it has begun.
func (p *project) save(s step, done *stepStamp) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.last.Steps, s.name)
	if done != nil {
		p.last.Steps[s.name] = *done
	}
	text, err := json.MarshalIndent(p.last, "", "  ")
	if err != nil {
		return errors.Wrap(err, "encode the stamp")
	}
	if err := os.WriteFile(p.stamp+".new", text, 0o644); err != nil { //nolint:gosec // no secret
		return errors.Wrap(err, "write the stamp")
	}
	if err := os.Rename(p.stamp+".new", p.stamp); err != nil {
		return errors.Wrap(err, "write the stamp")
	}
	return nil
}

// build makes the tool's program, unless it is there and made of the same source. A script is its own program.
func (p *project) build(ctx context.Context, t tool) (program, sum string, err error) {
	program, err = filepath.Abs(filepath.Join(p.tools, t.name()))
	if err != nil {
		return "", "", errors.Wrap(err, "find the tool")
	}
	if t.modules != "" {
		program, err = filepath.Abs(t.pkg)
		if err == nil {
			sum, err = hashFiles(t.source)
		}
		return program, sum, err
	}
	source, err := hashFiles(append([]string{"go.mod", "go.sum"}, t.source...))
	if err != nil {
		return "", "", err
	}
	source = hash(source, goVersion, os.Getenv("CGO_ENABLED"), p.tools)
	p.mu.Lock()
	last, ok := p.last.Tools[t.pkg]
	p.mu.Unlock()
	if ok && last.Source == source && exists(program) {
		return program, last.Program, nil
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-o", program, t.pkg}
	if t.test {
		args = []string{"test", "-c", "-trimpath", "-vet=off", "-o", program, t.pkg}
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", "", errors.Errorf("build %s: %s", t.name(), said(out, err))
	}
	if sum, err = hashFiles([]string{program}); err != nil {
		return "", "", err
	}
	p.mu.Lock()
	p.last.Tools[t.pkg] = toolStamp{Source: source, Program: sum}
	p.mu.Unlock()
	return program, sum, nil
}

func (s step) runTool(ctx context.Context, program string, args []string, into string) error {
	full := make([]string, len(args))
	for i, arg := range args {
		full[i] = strings.ReplaceAll(arg, "OUT", into)
	}
	cmd := exec.CommandContext(ctx, program, full...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		text := said(out.Bytes(), err)
		if s.clean != nil {
			text = s.clean(text)
		}
		return errors.New(text)
	}
	return nil
}

// said is what a command has to say about its failure.
func said(out []byte, err error) string {
	if text := strings.TrimSpace(string(out)); text != "" {
		return text
	}
	return err.Error()
}

// prepare gives scratch the folders that the outputs are written to, and links to what the tool reads below it.
func prepare(scratch string, s step) error {
	for _, path := range s.outputs {
		if err := os.MkdirAll(filepath.Join(scratch, filepath.Dir(path)), 0o755); err != nil {
			return errors.Wrap(err, "prepare")
		}
	}
	for _, path := range s.linked {
		target, err := filepath.Abs(path)
		if err != nil {
			return errors.Wrap(err, "prepare")
		}
		if err := os.Symlink(target, filepath.Join(scratch, path)); err != nil {
			return errors.Wrap(err, "prepare")
		}
	}
	return nil
}

// A file is one that was there before a step.
type file struct {
	text []byte
	info fs.FileInfo
}

// readTree reads the files at and below paths, by their paths. What is not there is left out.
func readTree(paths []string) (map[string]file, error) {
	files := map[string]file{}
	err := walk(paths, func(path string, d fs.DirEntry) (err error) {
		var f file
		if f.info, err = d.Info(); err != nil {
			return errors.Wrap(err, "read")
		}
		if f.text, err = os.ReadFile(path); err != nil {
			return errors.Wrap(err, "read")
		}
		files[path] = f
		return nil
	})
	return files, err
}

// replace makes the project's outputs those in scratch, and leaves alone the files that are the same.
func replace(kept map[string]file, scratch string, outputs []string) error {
	below := make([]string, len(outputs))
	for i, path := range outputs {
		below[i] = filepath.Join(scratch, path)
	}
	made, err := readTree(below)
	if err != nil {
		return err
	}
	if len(made) == 0 {
		return errors.Errorf("nothing was generated in %s", strings.Join(outputs, ", "))
	}
	for path := range kept {
		if _, ok := made[filepath.Join(scratch, path)]; !ok {
			if err := os.Remove(path); err != nil {
				return errors.Wrap(err, "remove what is no longer generated")
			}
		}
	}
	for from, f := range made {
		path, err := filepath.Rel(scratch, from)
		if err != nil {
			return errors.Wrap(err, "place")
		}
		if old, ok := kept[path]; ok && bytes.Equal(old.text, f.text) {
			continue
		}
		if err := write(path, f.text); err != nil {
			return err
		}
	}
	return nil
}

// restore gives back their times to the files that a tool wrote again as they were, and, if undo, their text to all.
func restore(kept map[string]file, outputs []string, undo bool) error {
	now, err := readTree(outputs)
	if err != nil {
		return err
	}
	for path, old := range kept {
		f, ok := now[path]
		if same := ok && bytes.Equal(f.text, old.text); !same {
			if !undo {
				continue
			}
			if err := write(path, old.text); err != nil {
				return err
			}
		}
		if err := os.Chtimes(path, time.Time{}, old.info.ModTime()); err != nil {
			return errors.Wrap(err, "keep the time of a file")
		}
	}
	if !undo {
		return nil
	}
	for path := range now {
		if _, ok := kept[path]; !ok {
			if err := os.Remove(path); err != nil {
				return errors.Wrap(err, "remove what was half generated")
			}
		}
	}
	return nil
}

// write writes a file whole or not at all.
func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return errors.Wrap(err, "make a folder")
	}
	half := path + ".new"
	if err := os.WriteFile(half, text, 0o644); err != nil { //nolint:gosec // no secret
		return errors.Wrap(err, "write")
	}
	if err := os.Rename(half, path); err != nil {
		return errors.Wrap(err, "write")
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
