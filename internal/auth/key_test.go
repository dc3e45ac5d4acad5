package auth

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestKey(t *testing.T) {
	t.Parallel()
	seen := map[byte]int{}
	for range 500 {
		key, public, hash := NewKey()
		require.Regexp(t, `^ev_[0-9A-Za-z]{46}$`, key)
		assert.Equal(t, key[:11], public)
		got, ok := HashKey(key)
		require.True(t, ok)
		assert.Equal(t, hash, got)
		assert.Len(t, hash, sha256.Size)
		for _, c := range []byte(key[3:43]) {
			seen[c]++
		}
	}
	assert.Len(t, seen, 62)
	for c, n := range seen {
		assert.InDelta(t, 500*40/62, n, 100, "%c", c)
	}
}

// A key that others made by this form, so that it stays the same.
func TestKeyChecksum(t *testing.T) {
	t.Parallel()
	const key = "ev_" + "00000000" + "00000000000000000000000000000000"
	_, ok := HashKey(key + checksum(key))
	assert.True(t, ok)
	assert.Equal(t, "1FApE9", checksum("an example"))
}

func TestHashKeyRefuses(t *testing.T) {
	t.Parallel()
	key, _, _ := NewKey()
	for i := range key {
		b := []byte(key)
		b[i] ^= 1
		_, ok := HashKey(string(b))
		assert.False(t, ok, "character %d", i)
	}
	for _, s := range []string{"", "ev_", key[:48], key + "0", " " + key, strings.ToUpper(key), strings.Repeat("x", 49)} {
		_, ok := HashKey(s)
		assert.False(t, ok, s)
	}
}
