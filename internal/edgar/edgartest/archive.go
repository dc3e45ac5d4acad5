package edgartest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/go-faster/errors"
)

// archive answers with all documents of one kind.
func (s *Server) archive(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name != "companyfacts.zip" && name != "submissions.zip" {
		missing(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	s.mu.Lock()
	f, known := s.set[name]
	s.mu.Unlock()
	if !known {
		if opened, err := s.files.Open(name); err == nil { // it may be too large for the memory
			defer opened.Close()
			if s.serveOpened(w, r, opened) {
				return
			}
		}
		var err error
		if f, err = s.made(name); err != nil {
			page(w, http.StatusInternalServerError, err.Error())
			return
		}
	}
	if f == nil {
		missing(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	w.Header().Set("ETag", `"`+f.tag()+`"`)
	http.ServeContent(w, r, "", f.modified, bytes.NewReader(f.content))
}

// serveOpened answers with a file of a file system, unless it cannot be read from anywhere.
func (s *Server) serveOpened(w http.ResponseWriter, r *http.Request, f fs.File) bool {
	content, ok := f.(io.ReadSeeker)
	info, err := f.Stat()
	if !ok || err != nil {
		return false
	}
	modified := info.ModTime()
	if modified.IsZero() {
		modified = firstDay
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.Size(), modified.UnixNano()))
	http.ServeContent(w, r, "", modified, content)
	return true
}

// made returns an archive of the single files, made on the first request after a change.
func (s *Server) made(name string) (*file, error) {
	s.mu.Lock()
	f, changes := s.archives[name], s.changes
	s.mu.Unlock()
	if f != nil {
		return f, nil
	}
	prefix := strings.TrimSuffix(name, ".zip") + "-"
	names, err := s.names(prefix)
	if err != nil {
		return nil, err
	}
	f = &file{modified: firstDay}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		document, err := s.load(name)
		if err != nil {
			return nil, err
		}
		if document == nil {
			continue
		}
		content := document.content
		if document.packed {
			if content, err = unpack(content); err != nil {
				return nil, errors.Wrap(err, name)
			}
		}
		if document.modified.After(f.modified) {
			f.modified = document.modified
		}
		w, err := z.Create(strings.TrimPrefix(name, prefix))
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			return nil, errors.Wrap(err, "make archive")
		}
	}
	if err := z.Close(); err != nil {
		return nil, errors.Wrap(err, "make archive")
	}
	f.content = b.Bytes()
	s.mu.Lock()
	defer s.mu.Unlock()
	if changes == s.changes {
		s.archives[name] = f
	}
	return f, nil
}
