// Package auth hashes passwords, and signs and checks tokens. It knows neither HTTP nor SQL.
package auth

import (
	"context"
	"crypto/rand"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/go-faster/errors"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"
)

// Bounds on a password's length, in characters (Unicode code points), as minLength and maxLength in OpenAPI count.
const (
	MinPasswordLength = 12
	MaxPasswordLength = 128
)

// The errors of CheckPassword. Their texts may be shown to the user.
var (
	ErrPasswordLength  = errors.Errorf("must have %d to %d characters", MinPasswordLength, MaxPasswordLength)
	ErrPasswordInvalid = errors.New("must be valid UTF-8 without NUL characters")
)

// CheckPassword reports whether a new password meets the policy: ErrPasswordLength, ErrPasswordInvalid or nil.
func CheckPassword(password string) error {
	if !utf8.ValidString(password) || strings.ContainsRune(password, 0) {
		return ErrPasswordInvalid
	}
	if n := utf8.RuneCountInString(password); n < MinPasswordLength || n > MaxPasswordLength {
		return ErrPasswordLength
	}
	return nil
}

// NewPassword returns a random password of 26 letters and digits with 130 bits of entropy.
func NewPassword() string { return rand.Text() }

// Params are the costs of argon2id; Memory is in KiB.
type Params = argon2id.Params

// DefaultParams is the second of the equivalent settings of the OWASP Password Storage Cheat Sheet (19 MiB, 2 passes).
var DefaultParams = Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Hasher hashes and verifies passwords with argon2id, at most GOMAXPROCS at a time: each takes Params.Memory.
// It is safe for concurrent use.
type Hasher struct {
	params Params
	slots  *semaphore.Weighted
	dummy  string
}

// NewHasher returns a Hasher of new hashes with the given costs: DefaultParams, or cheaper ones in tests.
func NewHasher(params Params) (*Hasher, error) {
	dummy, err := argon2id.CreateHash(NewPassword(), &params)
	if err != nil {
		return nil, errors.Wrap(err, "hash dummy password")
	}
	return &Hasher{params, semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))), dummy}, nil
}

// Hash returns the hash of a password in the PHC string format. It does not check the policy, see CheckPassword. It waits
// for a free slot, at most until ctx ends.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return "", errors.Wrap(err, "wait for a hashing slot")
	}
	defer h.slots.Release(1)
	hash, err := argon2id.CreateHash(norm.NFC.String(password), &h.params)
	if err != nil {
		return "", errors.Wrap(err, "hash password")
	}
	return hash, nil
}

// Verify reports whether the password matches the hash, and whether it should be hashed again because the hash was made
// with other costs than the current ones.
//
// For an unknown account, pass an empty hash: the result is false and takes as long as for a known one. Verify waits for
// a free slot, at most until ctx ends.
func (h *Hasher) Verify(ctx context.Context, password, hash string) (ok, rehash bool, err error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	if utf8.RuneCountInString(password) > MaxPasswordLength {
		known, password = false, "" // no valid password is that long: do not hash it
	}
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return false, false, errors.Wrap(err, "wait for a hashing slot")
	}
	defer h.slots.Release(1)
	match, params, err := argon2id.CheckHash(norm.NFC.String(password), hash)
	if err != nil {
		return false, false, errors.Wrap(err, "check password hash")
	}
	ok = match && known
	return ok, ok && *params != h.params, nil
}
