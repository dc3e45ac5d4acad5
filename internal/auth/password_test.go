package auth

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

var cheap = Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		password string
		want     error
	}{
		"empty":                      {"", ErrPasswordLength},
		"11 characters":              {"jV6#qLw9!eR", ErrPasswordLength},
		"12 characters":              {"jV6#qLw9!eRx", nil},
		"11 characters, 22 bytes":    {"жщюфыйцэъхз", ErrPasswordLength},
		"12 characters, 48 bytes":    {"😀🎈🚗🌵🐙📯🧲🪁🥁🎻🦑🍋", nil},
		"11 characters, decomposed":  {norm.NFD.String("äöüéèàçñõîû"), ErrPasswordLength},
		"12 characters, decomposed":  {norm.NFD.String("äöüéèàçñõîûå"), nil},
		"128 characters":             {strings.Repeat("jV6#qLw9", 16), nil},
		"128 characters, decomposed": {norm.NFD.String(strings.Repeat("äöüéèàçñ", 16)), nil},
		"129 characters":             {strings.Repeat("jV6#qLw9", 16) + "x", ErrPasswordLength},
		"NUL":                        {"correct horse\x00battery", ErrPasswordInvalid},
		"not UTF-8":                  {"correct horse\xffbattery", ErrPasswordInvalid},

		"spaces":                {strings.Repeat(" ", 12), ErrPasswordUniform},
		"zero-width spaces":     {strings.Repeat("\u200b", 12), ErrPasswordUniform},
		"all kinds of spaces":   {"\u0020\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u3000", ErrPasswordUniform},
		"all kinds of nothing":  {"\u200b\u200c\u200d\u2060\ufeff\u00ad\u3164\u115f\u2800\u180e\ufe0f\u034f", ErrPasswordUniform},
		"one letter":            {strings.Repeat("a", 12), ErrPasswordUniform},
		"one letter, two cases": {strings.Repeat("aA", 6), ErrPasswordUniform},
		"four characters":       {"aqz7aqz7aaqz", ErrPasswordUniform},

		"a list's first":            {"password1234", ErrPasswordCommon},
		"with signs for letters":    {"P@$$w0rd1234", ErrPasswordCommon},
		"twice":                     {"passwordpassword", ErrPasswordCommon},
		"backwards":                 {"drowssap1234", ErrPasswordCommon},
		"two, and a year":           {"Summer!Monkey2024", ErrPasswordCommon},
		"two, and a sign":           {"dragonmaster!", ErrPasswordCommon},
		"digits up":                 {"123456789012", ErrPasswordPattern},
		"digits down":               {"987654321098", ErrPasswordPattern},
		"digits, paired":            {"112233445566", ErrPasswordPattern},
		"any 12 digits":             {"493017265834", ErrPasswordPattern},
		"dates":                     {"1984-12-24, 2001-01-31", nil},
		"a date":                    {"24.12.1984-1984", ErrPasswordPattern},
		"letters":                   {"abcdefghijkl", ErrPasswordPattern},
		"a row of keys":             {"qwertyuiopas", ErrPasswordPattern},
		"a German row of keys":      {"qwertzuiopas", ErrPasswordCommon},
		"columns of keys":           {"1qaz2wsx3edc", ErrPasswordCommon},
		"zigzag":                    {"1q2w3e4r5t6y", ErrPasswordPattern},
		"shifted":                   {"!@#$%^&*()_q", ErrPasswordPattern},
		"a block again and again":   {"x7kq#x7kq#x7kq#", ErrPasswordPattern},
		"one's own address":         {"ada.lovelace@example.org", ErrPasswordPersonal},
		"in capitals":               {"ADA.LOVELACE@EXAMPLE.ORG", ErrPasswordPersonal},
		"its local part":            {"ada.lovelace1", ErrPasswordPersonal},
		"its domain":                {"example.org2026", ErrPasswordPersonal},
		"one's own name":            {"AdaLovelace1815", ErrPasswordPersonal},
		"with signs":                {"4d4L0v3l4c3!!", ErrPasswordPersonal},
		"the service":               {"edgevalue 1234 edgevalue", ErrPasswordPersonal},
		"the project":               {"Wertpapier2026", ErrPasswordPersonal},
		"words that are not common": {"correct horse battery", nil},
		"other words":               {"staple battery horse", nil},
		"other languages":           {"donaudampfschiff", nil},
		"Cyrillic":                  {"лошадь батарея", nil},
		"random letters":            {"kqvzmwtrbxjh", nil},
		"random":                    {NewPassword(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, CheckPassword(tt.password, "ada.lovelace@example.org", "Ada Lovelace", "Wertpapier"))
		})
	}
	require.NoError(t, CheckPassword("ada.lovelace@example.org"), "no context")
}

// The work for a password is small, whatever it is made of.
func BenchmarkCheckPassword(b *testing.B) {
	for b.Loop() {
		_ = CheckPassword(strings.Repeat("qw12ab!x", 16), "ada@example.org", "Ada Lovelace")
	}
}

func TestHasher(t *testing.T) {
	t.Parallel()
	const password = "correct horse battery"
	h := NewHasher(cheap)
	hash, err := h.Hash(t.Context(), "", password)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$"), hash)
	again, err := h.Hash(t.Context(), "", password)
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
		"right, other costs now":        {NewHasher(costlier), password, hash, true, true},
		"right, other salt length now":  {NewHasher(longerSalt), password, hash, true, true},
		"wrong, other costs now":        {NewHasher(costlier), "nope", hash, false, false},
		"unknown account, empty to try": {h, "", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ok, rehash, err := tt.hasher.Verify(t.Context(), "", tt.password, tt.hash)
			require.NoError(t, err)
			assert.Equal(t, tt.ok, ok, "ok")
			assert.Equal(t, tt.rehash, rehash, "rehash")
		})
	}
}

func TestHasherTooLongIsNeverRight(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap)
	for _, password := range []string{"", strings.Repeat("a", MaxPasswordLength+1)} {
		hash, err := h.Hash(t.Context(), "", password)
		require.NoError(t, err)
		ok, _, err := h.Verify(t.Context(), "", strings.Repeat("a", MaxPasswordLength+1), hash)
		require.NoError(t, err)
		assert.False(t, ok)
	}
}

func TestHasherNormalizes(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap)
	hash, err := h.Hash(t.Context(), "", "caf\u00e9 caf\u00e9 caf\u00e9")
	require.NoError(t, err)
	ok, _, err := h.Verify(t.Context(), "", "cafe\u0301 cafe\u0301 cafe\u0301", hash)
	require.NoError(t, err)
	assert.True(t, ok)
}

func TestHasherBrokenHash(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap)
	for _, hash := range []string{"x", "$2b$12$abcdefghijklmnopqrstuu", "$argon2id$v=19$m=64,t=1,p=1$!!$!!"} {
		ok, rehash, err := h.Verify(t.Context(), "", "correct horse battery", hash)
		require.Error(t, err, hash)
		assert.False(t, ok || rehash)
		assert.NotContains(t, err.Error(), "horse")
	}
}

// All slots taken: callers wait and leave with their context.
func TestHasherWaitsForASlot(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap)
	n := int64(runtime.GOMAXPROCS(0))
	require.True(t, h.slots.TryAcquire(n))
	require.False(t, h.slots.TryAcquire(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 { // more often than a client may wait at a time
		_, err := h.Hash(ctx, "a", "correct horse battery")
		require.ErrorIs(t, err, context.Canceled)
		_, _, err = h.Verify(ctx, "a", "correct horse battery", "")
		require.ErrorIs(t, err, context.Canceled)
	}
	h.slots.Release(n)

	h.Queue.Waiting, h.Queue.PerClient = 1000, 1000
	var wg sync.WaitGroup
	for range 4 * n {
		wg.Go(func() {
			_, err := h.Hash(t.Context(), "a", "correct horse battery")
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.True(t, h.slots.TryAcquire(n), "all slots are free again")
	assert.Empty(t, h.Queue.byClient)
}

// 20 may wait, and 2 of one client; the next fail at once.
func TestHasherQueue(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap)
	n := int64(runtime.GOMAXPROCS(0))
	require.True(t, h.slots.TryAcquire(n))
	waiting := func() int {
		h.Queue.mu.Lock()
		defer h.Queue.mu.Unlock()
		return h.Queue.all
	}
	var wg sync.WaitGroup
	for c := range 10 {
		client := strconv.Itoa(c)
		for i := range 2 {
			wg.Go(func() {
				ok, _, err := h.Verify(t.Context(), client, "correct horse battery", "")
				assert.NoError(t, err)
				assert.False(t, ok)
			})
			require.Eventually(t, func() bool { return waiting() == 2*c+i+1 }, 10*time.Second, time.Millisecond)
		}
		_, err := h.Hash(t.Context(), client, "correct horse battery")
		require.ErrorIs(t, err, ErrBusy, "a third of one client")
	}
	_, _, err := h.Verify(t.Context(), "another", "correct horse battery", "")
	require.ErrorIs(t, err, ErrBusy, "the 21st")
	h.slots.Release(n)
	wg.Wait()
	_, err = h.Hash(t.Context(), "another", "correct horse battery")
	require.NoError(t, err)
	assert.Zero(t, waiting())
}

func TestDefaultParams(t *testing.T) {
	t.Parallel()
	hash, err := NewHasher(DefaultParams).Hash(t.Context(), "", "correct horse battery")
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
	h := NewHasher(DefaultParams)
	for b.Loop() {
		if _, _, err := h.Verify(b.Context(), "", "correct horse battery", ""); err != nil {
			b.Fatal(err)
		}
	}
}
