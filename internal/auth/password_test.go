package auth

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var cheap = Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

func newHasher(t *testing.T, params Params) *Hasher {
	t.Helper()
	h, err := NewHasher(params)
	require.NoError(t, err)
	return h
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		password string
		want     error
	}{
		"empty":                    {"", ErrPasswordLength},
		"11 characters":            {strings.Repeat("a", 11), ErrPasswordLength},
		"12 characters":            {strings.Repeat("a", 12), nil},
		"11 characters, 22 bytes":  {strings.Repeat("é", 11), ErrPasswordLength},
		"12 characters, 48 bytes":  {strings.Repeat("😀", 12), nil},
		"128 characters":           {strings.Repeat("a", 128), nil},
		"128 characters, 512 byte": {strings.Repeat("😀", 128), nil},
		"129 characters":           {strings.Repeat("a", 129), ErrPasswordLength},
		"NUL":                      {"correct horse\x00battery", ErrPasswordInvalid},
		"not UTF-8":                {"correct horse\xffbattery", ErrPasswordInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, CheckPassword(tt.password))
		})
	}
}

func TestHasher(t *testing.T) {
	t.Parallel()
	const password = "correct horse battery"
	h := newHasher(t, cheap)
	hash, err := h.Hash(t.Context(), password)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$"), hash)
	again, err := h.Hash(t.Context(), password)
	require.NoError(t, err)
	assert.NotEqual(t, hash, again, "salted")

	costlier := cheap
	costlier.Iterations = 2
	longerSalt := cheap
	longerSalt.SaltLength = 24
	for name, tt := range map[string]struct {
		hasher         *Hasher
		password, hash string
		ok, rehash     bool
	}{
		"right":                         {h, password, hash, true, false},
		"wrong":                         {h, password + "!", hash, false, false},
		"empty password":                {h, "", hash, false, false},
		"unknown account":               {h, password, "", false, false},
		"too long":                      {h, strings.Repeat("a", 1<<20), hash, false, false},
		"right, other costs now":        {newHasher(t, costlier), password, hash, true, true},
		"right, other salt length now":  {newHasher(t, longerSalt), password, hash, true, true},
		"wrong, other costs now":        {newHasher(t, costlier), "nope", hash, false, false},
		"unknown account, empty to try": {h, "", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ok, rehash, err := tt.hasher.Verify(t.Context(), tt.password, tt.hash)
			require.NoError(t, err)
			assert.Equal(t, tt.ok, ok, "ok")
			assert.Equal(t, tt.rehash, rehash, "rehash")
		})
	}
}

func TestHasherTooLongIsNeverRight(t *testing.T) {
	t.Parallel()
	h := newHasher(t, cheap)
	for _, password := range []string{"", strings.Repeat("a", MaxPasswordLength+1)} {
		hash, err := h.Hash(t.Context(), password)
		require.NoError(t, err)
		ok, _, err := h.Verify(t.Context(), strings.Repeat("a", MaxPasswordLength+1), hash)
		require.NoError(t, err)
		assert.False(t, ok)
	}
}

func TestHasherNormalizes(t *testing.T) {
	t.Parallel()
	h := newHasher(t, cheap)
	hash, err := h.Hash(t.Context(), "caf\u00e9 caf\u00e9 caf\u00e9")
	require.NoError(t, err)
	ok, _, err := h.Verify(t.Context(), "cafe\u0301 cafe\u0301 cafe\u0301", hash)
	require.NoError(t, err)
	assert.True(t, ok)
}

func TestHasherBrokenHash(t *testing.T) {
	t.Parallel()
	h := newHasher(t, cheap)
	for _, hash := range []string{"x", "$2b$12$abcdefghijklmnopqrstuu", "$argon2id$v=19$m=64,t=1,p=1$!!$!!"} {
		ok, rehash, err := h.Verify(t.Context(), "correct horse battery", hash)
		require.Error(t, err, hash)
		assert.False(t, ok || rehash)
		assert.NotContains(t, err.Error(), "horse")
	}
}

// All slots taken: callers wait and leave with their context.
func TestHasherWaitsForASlot(t *testing.T) {
	t.Parallel()
	h := newHasher(t, cheap)
	n := int64(runtime.GOMAXPROCS(0))
	require.True(t, h.slots.TryAcquire(n))
	require.False(t, h.slots.TryAcquire(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Hash(ctx, "correct horse battery")
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = h.Verify(ctx, "correct horse battery", "")
	require.ErrorIs(t, err, context.Canceled)
	h.slots.Release(n)

	var wg sync.WaitGroup
	for range 4 * n {
		wg.Go(func() {
			_, err := h.Hash(t.Context(), "correct horse battery")
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.True(t, h.slots.TryAcquire(n), "all slots are free again")
}

func TestDefaultParams(t *testing.T) {
	t.Parallel()
	hash, err := newHasher(t, DefaultParams).Hash(t.Context(), "correct horse battery")
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$"), hash)
}

func TestNewPassword(t *testing.T) {
	t.Parallel()
	a, b := NewPassword(), NewPassword()
	require.NoError(t, CheckPassword(a))
	assert.NotEqual(t, a, b)
}

func BenchmarkVerify(b *testing.B) {
	h, err := NewHasher(DefaultParams)
	require.NoError(b, err)
	for b.Loop() {
		if _, _, err := h.Verify(b.Context(), "correct horse battery", ""); err != nil {
			b.Fatal(err)
		}
	}
}
