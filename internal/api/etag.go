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
	_, ok := sameETag(values, tag)
	return ok
}

// sameETag is anyETag, and returns the name, which is "" for any.
func sameETag(values []string, tag string) (same string, ok bool) {
	opaque := strings.Trim(tag, `"`)
	for _, rest := range values {
		for {
			rest = strings.TrimLeft(rest, " \t,")
			if strings.HasPrefix(rest, "*") {
				return "", true
			}
			start, after, quoted := strings.Cut(rest, `"`)
			name, next, closed := strings.Cut(after, `"`)
			if !quoted || !closed || start != "" && start != "W/" {
				break // there is no other, or it is malformed from here on
			}
			if plain, _, _ := strings.Cut(name, "-"); plain == opaque {
				return `"` + name + `"`, true
			}
			rest = next
		}
	}
	return "", false
}
