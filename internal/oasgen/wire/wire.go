// Package wire is what the generated code of gen/oas writes JSON with, where jx and ogen take more time or memory.
package wire

import (
	"net/http"
	"strconv"

	"github.com/go-faster/jx"
)

// most is the size of the largest buffer that stays in jx's pool, which has no limit of its own.
const most = 1 << 20

// Send responds with what is in an encoder of jx's pool, in one piece of which the client knows the length, and gives the
// encoder back.
func Send(w http.ResponseWriter, status int, e *jx.Encoder) error {
	w.Header().Set("Content-Length", strconv.Itoa(len(e.Bytes())))
	w.WriteHeader(status)
	_, err := e.WriteTo(w)
	if cap(e.Bytes()) <= most {
		jx.PutEncoder(e)
	}
	return err
}
