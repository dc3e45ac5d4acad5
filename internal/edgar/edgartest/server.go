// Package edgartest serves files as SEC EDGAR does, and as badly as wanted.
package edgartest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-faster/errors"
)

// Server answers for both of EDGAR's hosts. Its files, each also with .gz after its name, are
//
//	company_tickers.json, company_tickers_exchange.json
//	companyfacts-CIK##########.json
//	submissions-CIK##########.json, submissions-CIK##########-submissions-###.json
//	form.YYYYMMDD.idx
//	companyfacts.zip, submissions.zip
//
// An archive that is not there is made of the single files, the same bytes of the same files. It is safe for concurrent use.
type Server struct {
	files fs.FS
	mux   http.ServeMux

	mu       sync.Mutex
	set      map[string]*file // by name; nil for one that was removed
	archives map[string]*file // made of the files as they are after
	changes  int
	requests map[Request]int
	faults   Faults
	random   *rand.Rand
}

// Request is what was asked for, and the status of the answer.
type Request struct {
	Path   string
	Status int
}

// New returns a server over files that does what it should.
func New(files fs.FS) *Server {
	s := &Server{files: files, set: map[string]*file{}, archives: map[string]*file{}, requests: map[Request]int{}}
	s.SetFaults(Faults{})
	s.mux.HandleFunc("GET /files/{name}", s.listings)
	s.mux.HandleFunc("GET /submissions/{name}", s.document("submissions-"))
	s.mux.HandleFunc("GET /api/xbrl/companyfacts/{name}", s.document("companyfacts-"))
	s.mux.HandleFunc("GET /Archives/edgar/daily-index/bulkdata/{name}", s.archive)
	s.mux.HandleFunc("GET /Archives/edgar/daily-index/{year}/{quarter}/{name}", s.index)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { missing(w, http.StatusNotFound, "NoSuchKey") })
	return s
}

// Set adds or replaces a file; one whose name ends in .gz has its content packed. A file that was there under the same name,
// packed or not, is gone.
func (s *Server) Set(name string, content []byte) {
	plain, isPacked := strings.CutSuffix(name, ".gz")
	s.put(plain, &file{content: bytes.Clone(content), packed: isPacked, modified: time.Now()})
}

// Remove removes a file; it answers as missing.
func (s *Server) Remove(name string) { s.put(strings.TrimSuffix(name, ".gz"), nil) }

func (s *Server) put(name string, f *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set[name] = f
	s.archives = map[string]*file{}
	s.changes++
}

// Requests returns how often what was asked for, and answered with which status, since the server began or Forget.
func (s *Server) Requests() map[Request]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// Forget begins to count requests from zero.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.requests)
}

func (s *Server) count(path string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[Request{path, status}]++
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	counted := &response{ResponseWriter: w, server: s, request: r}
	if agent := r.UserAgent(); agent == "" || strings.HasPrefix(agent, "Go-http-client/") {
		page(counted, http.StatusForbidden, "Undeclared Automated Tool")
		return
	}
	if s.fail(counted) {
		return
	}
	s.mux.ServeHTTP(counted, r)
}

func (s *Server) listings(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name != "company_tickers.json" && name != "company_tickers_exchange.json" {
		missing(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	s.serve(w, r, name, http.StatusNotFound)
}

var documentName = regexp.MustCompile(`^CIK\d{10}(-submissions-\d{3,})?\.json$`)

func (s *Server) document(prefix string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		if !documentName.MatchString(name) {
			missing(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		s.serve(w, r, prefix+name, http.StatusNotFound)
	}
}

func (s *Server) index(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	day, err := time.Parse("form.20060102.idx", name)
	if err != nil || r.PathValue("year") != strconv.Itoa(day.Year()) || r.PathValue("quarter") != fmt.Sprintf("QTR%d", (day.Month()+2)/3) {
		missing(w, http.StatusForbidden, "AccessDenied")
		return
	}
	s.serve(w, r, name, http.StatusForbidden)
}

// serve answers with a file, packed if that is wanted, or says with the status that there is none.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, name string, status int) {
	f, err := s.load(name)
	if err != nil {
		page(w, http.StatusInternalServerError, err.Error())
		return
	}
	if f == nil {
		code := "NoSuchKey"
		if status == http.StatusForbidden {
			code = "AccessDenied"
		}
		missing(w, status, code)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if strings.HasSuffix(name, ".idx") {
		h.Set("Content-Type", "text/plain")
	}
	h.Set("Vary", "Accept-Encoding")
	content, tag := f.content, f.tag()
	if acceptsGzip(r) {
		if !f.packed {
			content = pack(content)
		}
		tag += "-gzip"
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(content)))
		r.Header.Del("Range") // which is of the document, not of what is sent
	} else if f.packed {
		if content, err = unpack(content); err != nil {
			page(w, http.StatusInternalServerError, err.Error())
			return
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", f.modified, bytes.NewReader(content))
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.ReplaceAll(part, " ", ""), ";")
		if name == "gzip" && quality != "q=0" {
			return true
		}
	}
	return false
}

// file is the content of a file.
type file struct {
	content  []byte
	packed   bool // as gzip
	modified time.Time
}

func (f *file) tag() string {
	sum := sha256.Sum256(f.content)
	return hex.EncodeToString(sum[:8])
}

// firstDay is when files without a time were modified.
var firstDay = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)

// load reads a file, nil if it is not there.
func (s *Server) load(name string) (*file, error) {
	s.mu.Lock()
	f, known := s.set[name]
	s.mu.Unlock()
	if known {
		return f, nil
	}
	for _, suffix := range []string{"", ".gz"} {
		content, err := fs.ReadFile(s.files, name+suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, errors.Wrap(err, "read file")
		}
		f := &file{content: content, packed: suffix != "", modified: firstDay}
		if info, err := fs.Stat(s.files, name+suffix); err == nil && !info.ModTime().IsZero() {
			f.modified = info.ModTime()
		}
		return f, nil
	}
	return nil, nil //nolint:nilnil // it is not there
}

// names returns the names of the files with a prefix, in order, without .gz.
func (s *Server) names(prefix string) ([]string, error) {
	found := map[string]bool{}
	entries, err := fs.ReadDir(s.files, ".")
	if err != nil {
		return nil, errors.Wrap(err, "list files")
	}
	for _, e := range entries {
		found[strings.TrimSuffix(e.Name(), ".gz")] = true
	}
	s.mu.Lock()
	for name, f := range s.set {
		found[name] = f != nil
	}
	s.mu.Unlock()
	return slices.Sorted(func(yield func(string) bool) {
		for name, there := range found {
			if there && strings.HasPrefix(name, prefix) && documentName.MatchString(name[len(prefix):]) && !yield(name) {
				return
			}
		}
	}), nil
}

func pack(content []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(content) // a buffer has no errors
	_ = z.Close()
	return b.Bytes()
}

func unpack(content []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, errors.Wrap(err, "gzip")
	}
	defer z.Close()
	plain, err := io.ReadAll(z)
	if err != nil {
		return nil, errors.Wrap(err, "gzip")
	}
	return plain, nil
}

// missing answers as the store of files does for a file that it does not have.
func missing(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
}

// page answers with a page for people.
func page(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	title = html.EscapeString(title)
	fmt.Fprintf(w, "<!DOCTYPE html>\n<html><head><title>%s</title></head><body><h1>%s</h1></body></html>\n", title, title)
}
