package edgartest

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Fault is something that goes wrong with an answer.
type Fault string

const (
	TooManyRequests Fault = "429" // with a Retry-After of 0 or 1 second
	Unavailable     Fault = "503"
	Forbidden       Fault = "403"  // which is how the SEC turns away who asks too often
	CutBody         Fault = "cut"  // the connection ends in the middle of the content
	SlowBody        Fault = "slow" // nothing comes in the middle of the content, for Faults.Pause
	HTML            Fault = "html" // a page for people, with status 200
)

// AllFaults are all that there are.
var AllFaults = []Fault{TooManyRequests, Unavailable, Forbidden, CutBody, SlowBody, HTML}

// Faults says what goes wrong, and how often. The zero Faults are none.
type Faults struct {
	Rate  float64       // the share of requests that get one
	Seed  uint64        // with the same seed, the same happens to the same row of requests
	Kinds []Fault       // AllFaults if there are none
	Pause time.Duration // 1 s if it is 0
}

// SetFaults replaces the faults.
func (s *Server) SetFaults(f Faults) {
	if len(f.Kinds) == 0 {
		f.Kinds = AllFaults
	}
	if f.Pause == 0 {
		f.Pause = time.Second
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.random = f, rand.New(rand.NewPCG(f.Seed, f.Seed)) //nolint:gosec // the same every time
}

// fail decides whether something goes wrong with an answer. It returns true if that was the answer.
func (s *Server) fail(w *response) bool {
	s.mu.Lock()
	faults := s.faults
	var kind Fault
	if s.random.Float64() < faults.Rate {
		kind = faults.Kinds[s.random.IntN(len(faults.Kinds))]
	}
	after := s.random.IntN(2)
	s.mu.Unlock()
	switch kind {
	case TooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(after))
		page(w, http.StatusTooManyRequests, "Request Rate Threshold Exceeded")
	case Unavailable:
		page(w, http.StatusServiceUnavailable, "Service Unavailable")
	case Forbidden:
		page(w, http.StatusForbidden, "Request Rate Threshold Exceeded")
	case HTML:
		page(w, http.StatusOK, "Under Maintenance")
	case CutBody, SlowBody:
		w.fault, w.pause = kind, faults.Pause
		return false
	default:
		return false
	}
	return true
}

// response counts an answer, and has the fault of its content.
type response struct {
	http.ResponseWriter
	server  *Server
	request *http.Request
	counted bool
	fault   Fault
	pause   time.Duration
	left    int // bytes until the fault
}

func (w *response) WriteHeader(status int) {
	if !w.counted {
		w.counted = true
		w.server.count(w.request.URL.Path, status)
		length, err := strconv.Atoi(w.Header().Get("Content-Length"))
		if err != nil || length < 2 {
			w.fault = "" // there is no middle
		}
		w.left = length / 2
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	if !w.counted {
		w.WriteHeader(http.StatusOK)
	}
	if w.fault == "" || len(p) < w.left {
		w.left -= len(p)
		return w.ResponseWriter.Write(p)
	}
	n, err := w.ResponseWriter.Write(p[:w.left])
	if err != nil {
		return n, err
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush() // what comes next is worth it either way
	fault := w.fault
	w.fault = ""
	if fault == CutBody {
		panic(http.ErrAbortHandler)
	}
	select {
	case <-time.After(w.pause):
	case <-w.request.Context().Done():
	}
	rest, err := w.ResponseWriter.Write(p[n:])
	return n + rest, err
}
