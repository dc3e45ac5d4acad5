package api

import (
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// etag is the strong validator of an answer's bytes, the same on every server. A compressed form has it with the coding at
// its end.
func etag(body []byte) string {
	sum := binary.BigEndian.AppendUint64(nil, xxhash.Sum64(body))
	return `"` + hex.EncodeToString(sum) + `"`
}

func codedETag(tag, coding string) string { return strings.TrimSuffix(tag, `"`) + "-" + coding + `"` }

// anyETag reports whether a header such as If-None-Match or If-Match names an answer with this tag, in whatever coding, or
// any (*).
func anyETag(values []string, tag string) bool {
	opaque := strings.Trim(tag, `"`)
	for _, v := range values {
		for v != "" {
			v = strings.TrimLeft(v, " \t,")
			if strings.HasPrefix(v, "*") {
				return true
			}
			start, rest, ok := strings.Cut(v, `"`)
			if !ok || start != "" && start != "W/" {
				break // it is malformed from here on
			}
			var name string
			if name, v, ok = strings.Cut(rest, `"`); !ok {
				break
			}
			name, _, _ = strings.Cut(name, "-")
			if name == opaque {
				return true
			}
		}
	}
	return false
}
