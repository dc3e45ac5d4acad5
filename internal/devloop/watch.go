package main

import (
	"context"
	"crypto/sha256"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/go-faster/errors"
)

// A watcher tells when the text of sources has changed.
type watcher struct {
	roots []string // files and folders, some of which may not be there yet
	skip  func(path string) bool
	notes *fsnotify.Watcher
	files map[string]entry // as last looked at
}

type entry struct {
	size int64
	time time.Time
	sum  [sha256.Size]byte
}

// newWatcher watches roots below the working directory, but for what skip names.
func newWatcher(roots []string, skip func(string) bool) (*watcher, error) {
	notes, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, errors.Wrap(err, "watch")
	}
	w := &watcher{roots: roots, skip: skip, notes: notes, files: map[string]entry{}}
	if err := notes.Add("."); err != nil { // files in it are replaced by editors
		return nil, errors.Join(errors.Wrap(err, "watch"), notes.Close())
	}
	if _, err := w.changes(); err != nil {
		return nil, errors.Join(err, notes.Close())
	}
	return w, nil
}

func (w *watcher) close() error { return w.notes.Close() }

// changes looks at the sources and returns the paths of those that are not as when it last looked.
func (w *watcher) changes() ([]string, error) {
	now := map[string]entry{}
	for _, root := range w.roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // an editor is about to put it back, or it is not there yet
			case err != nil:
				return errors.Wrap(err, "watch "+path)
			case d.IsDir():
				if isTemporary(d.Name()) || d.Name() == "testdata" || d.Name() == "node_modules" {
					return filepath.SkipDir
				}
				if err := w.notes.Add(path); err != nil {
					return errors.Wrap(err, "watch "+path)
				}
				return nil
			case !d.Type().IsRegular() || isTemporary(d.Name()) || w.skip(path):
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return nil //nolint:nilerr // it has gone meanwhile
			}
			e := w.files[path]
			if e.size != info.Size() || !e.time.Equal(info.ModTime()) {
				text, err := os.ReadFile(path) //nolint:gosec // the developer's own files
				if err != nil {
					return nil //nolint:nilerr // it has gone meanwhile
				}
				e = entry{info.Size(), info.ModTime(), sha256.Sum256(text)}
			}
			now[path] = e
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var changed []string
	for path, e := range now {
		if old, ok := w.files[path]; !ok || old.sum != e.sum {
			changed = append(changed, path)
		}
	}
	for path := range maps.Keys(w.files) {
		if _, ok := now[path]; !ok {
			changed = append(changed, path)
		}
	}
	w.files = now
	slices.Sort(changed)
	return changed, nil
}

// isTemporary finds the names that editors and this project give to files for a moment.
func isTemporary(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".new") || name == "4913"
}

// wait returns what has changed once nothing has happened for quiet, or nil when ctx ends.
func (w *watcher) wait(ctx context.Context, quiet time.Duration) ([]string, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, nil
		case err := <-w.notes.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) { // too many at once are looked for all the same
				return nil, errors.Wrap(err, "watch")
			}
		case <-w.notes.Events:
		}
		for end := time.Now().Add(time.Second); time.Now().Before(end); {
			select {
			case <-w.notes.Events:
				continue
			case <-time.After(quiet):
			}
			break
		}
		if changed, err := w.changes(); err != nil || len(changed) > 0 {
			return changed, err
		}
	}
}

// tell sends what changes until ctx ends.
func (w *watcher) tell(ctx context.Context, saves chan<- []string) error {
	for {
		paths, err := w.wait(ctx, quiet)
		if err != nil || ctx.Err() != nil {
			return err
		}
		select {
		case saves <- paths:
		case <-ctx.Done():
			return nil
		}
	}
}
