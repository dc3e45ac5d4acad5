package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
	"github.com/go-faster/yaml"

	"github.com/edgevalue/edgevalue/internal/contract"
	"github.com/edgevalue/edgevalue/internal/web"
)

//go:embed page
var page embed.FS

// A preview is a contract as it is edited.
type preview struct {
	path string
	out  io.Writer // of who edits it

	mu      sync.Mutex
	seen    []byte // what the file was last
	spec    []byte // the last one without mistakes, in JSON
	state   state
	changed chan struct{} // closed when the state changes
}

// A state is what the page is told.
type state struct {
	Version  int      `json:"version"` // of what is shown; 0 for nothing
	Time     string   `json:"time"`    // of that version
	Mistakes []string `json:"mistakes"`
}

// watch updates when the file has changed, and then stayed the same for a moment: editors write it in steps, or put another
// in its place.
func (p *preview) watch(ctx context.Context) {
	var last os.FileInfo
	pending := true
	for tick := time.Tick(100 * time.Millisecond); ; {
		select {
		case <-tick:
		case <-ctx.Done():
			return
		}
		now, err := os.Stat(p.path)
		switch {
		case err != nil: // about to be there again
		case last == nil || !os.SameFile(now, last) || !now.ModTime().Equal(last.ModTime()) || now.Size() != last.Size():
			last, pending = now, true
		case pending:
			pending = false
			if err := p.update(); err != nil {
				fmt.Fprintln(p.out, "api-preview:", err)
			}
		}
	}
}

// update reads the file, and shows it unless there are mistakes, which it tells.
func (p *preview) update() error {
	text, mistakes, err := contract.CheckFile(p.path)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen != nil && bytes.Equal(text, p.seen) {
		return nil
	}
	p.seen = text
	at := time.Now().Format(time.TimeOnly)
	p.state.Mistakes = []string{}
	for _, m := range mistakes {
		said := fmt.Sprintf("%s:%s", contract.File, m)
		fmt.Fprintln(p.out, at, said)
		p.state.Mistakes = append(p.state.Mistakes, said)
	}
	if len(mistakes) == 0 {
		if p.spec, err = toJSON(text); err != nil {
			return err
		}
		p.state.Version++
		p.state.Time = at
		fmt.Fprintln(p.out, at, "shown")
	}
	if p.changed != nil {
		close(p.changed)
	}
	p.changed = make(chan struct{})
	return nil
}

// current returns the state, and what is closed when it is no more.
func (p *preview) current() (state, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, p.changed
}

func toJSON(text []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, errors.Wrap(err, "read contract")
	}
	var e jx.Encoder
	if err := doc.EncodeJSON(&e); err != nil {
		return nil, errors.Wrap(err, "write contract as JSON")
	}
	return e.Bytes(), nil
}

// pages serves the preview.
func (p *preview) pages(base *contract.Base) (http.Handler, error) {
	baseSpec, err := toJSON(base.Text)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	serve := func(path, contentType string, content []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { write(w, contentType, content) })
	}
	index, err := template.ParseFS(page, "page/index.html")
	if err != nil {
		return nil, errors.Wrap(err, "read page")
	}
	var html bytes.Buffer
	if err := index.Execute(&html, struct{ Base, File string }{base.String(), contract.File}); err != nil {
		return nil, errors.Wrap(err, "write page")
	}
	serve("/{$}", "text/html; charset=utf-8", html.Bytes())
	for path, f := range map[string]struct{ name, contentType string }{
		"/pane":        {"pane.html", "text/html; charset=utf-8"},
		"/pane.js":     {"pane.js", "text/javascript; charset=utf-8"},
		"/preview.js":  {"preview.js", "text/javascript; charset=utf-8"},
		"/preview.css": {"preview.css", "text/css; charset=utf-8"},
	} {
		content, err := page.ReadFile("page/" + f.name)
		if err != nil {
			return nil, errors.Wrap(err, "read page")
		}
		serve(path, f.contentType, content)
	}
	for _, name := range []string{"redoc.standalone.js", "docs.css", "favicon.svg"} {
		content, contentType, err := web.Asset(name)
		if err != nil {
			return nil, err
		}
		serve("/"+name, contentType, content)
	}
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		spec := baseSpec
		if r.URL.Query().Get("of") == "draft" {
			p.mu.Lock()
			spec = p.spec
			p.mu.Unlock()
		}
		if spec == nil {
			http.Error(w, "There is nothing to show until the mistakes are gone.", http.StatusNotFound)
			return
		}
		write(w, "application/json", spec)
	})
	mux.HandleFunc("GET /events", p.events)
	return mux, nil
}

func write(w http.ResponseWriter, contentType string, content []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(content) // the browser may have gone
}

// events sends the state, and each new one, as server-sent events.
func (p *preview) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	for {
		now, changed := p.current()
		text, err := json.Marshal(now)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil || control.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}
