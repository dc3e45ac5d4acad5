// Package auth hashes passwords, and signs and checks tokens. It knows neither HTTP nor SQL.
package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode"
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

// minVisible is how many different visible characters a password has at least.
const minVisible = 5

// The errors of CheckPassword. Their texts may be shown to the user.
var (
	ErrPasswordLength   = errors.Errorf("must have %d to %d characters", MinPasswordLength, MaxPasswordLength)
	ErrPasswordInvalid  = errors.New("must be valid UTF-8 without NUL characters")
	ErrPasswordUniform  = errors.Errorf("must have at least %d different visible characters", minVisible)
	ErrPasswordCommon   = errors.New("must be harder to guess: it is mostly common passwords or words")
	ErrPasswordPattern  = errors.New("must be harder to guess: it is mostly sequences, rows of keys, repetitions, numbers or dates")
	ErrPasswordPersonal = errors.New("must be harder to guess: it is mostly your address, your name or the name of this service")
)

// CheckPassword reports whether a new password meets the policy: one of the errors above, or nil. The context has what
// an attacker would try first: the user's address and name, and the service's.
func CheckPassword(password string, context ...string) error {
	if !utf8.ValidString(password) || strings.ContainsRune(password, 0) {
		return ErrPasswordInvalid
	}
	password = norm.NFC.String(password)
	if n := utf8.RuneCountInString(password); n < MinPasswordLength || n > MaxPasswordLength {
		return ErrPasswordLength
	}
	visible := map[rune]bool{}
	for _, r := range strings.ToLower(password) {
		if IsVisible(r) {
			visible[r] = true
		}
	}
	if len(visible) < minVisible {
		return ErrPasswordUniform
	}
	if bits, kind := guess(password, context); bits < minBits {
		return [...]error{personal: ErrPasswordPersonal, common: ErrPasswordCommon, pattern: ErrPasswordPattern}[kind]
	}
	return nil
}

// IsVisible reports whether a character can be seen: it is no space, format character, filler or the like.
func IsVisible(r rune) bool {
	const brailleBlank = 0x2800
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != brailleBlank &&
		!unicode.In(r, unicode.Zs, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// NewPassword returns a random password of 26 letters and digits with 130 bits of entropy.
func NewPassword() string { return rand.Text() }

// Params are the costs of argon2id; Memory is in KiB.
type Params = argon2id.Params

// DefaultParams is the second of the equivalent settings of the OWASP Password Storage Cheat Sheet (19 MiB, 2 passes).
var DefaultParams = Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// ErrBusy is the error of a Hasher that has too much to do: for this client, or at all.
var ErrBusy = errors.New("too many passwords are being checked")

// Hasher hashes and verifies passwords with argon2id, at most GOMAXPROCS at a time: each takes Params.Memory. Those that
// its Queue has no room for fail with ErrBusy at once. It is safe for concurrent use.
type Hasher struct {
	Queue Queue // of calls that wait for a slot: 20, and 2 of one client

	params Params
	slots  *semaphore.Weighted
	dummy  string
}

// NewHasher returns a Hasher of new hashes with the given costs: DefaultParams, or cheaper ones in tests.
func NewHasher(params Params) *Hasher {
	random := func(length uint32) string {
		b := make([]byte, length)
		_, _ = rand.Read(b) // never fails
		return base64.RawStdEncoding.EncodeToString(b)
	}
	return &Hasher{
		Queue:  Queue{Waiting: 20, PerClient: 2},
		params: params, slots: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))),
		// No password's hash, but checked like one.
		dummy: fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", params.Memory, params.Iterations, params.Parallelism,
			random(params.SaltLength), random(params.KeyLength)),
	}
}

// acquire takes a slot for a client, and waits for a free one if the queue has room.
func (h *Hasher) acquire(ctx context.Context, client string) error {
	if h.slots.TryAcquire(1) {
		return nil
	}
	if !h.Queue.Enter(client) {
		return ErrBusy
	}
	defer h.Queue.Leave(client)
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return errors.Wrap(err, "wait for a hashing slot")
	}
	return nil
}

// Hash returns the hash of a client's password in the PHC string format. It does not check the policy, see
// CheckPassword. It waits for a free slot, at most until ctx ends.
func (h *Hasher) Hash(ctx context.Context, client, password string) (string, error) {
	if err := h.acquire(ctx, client); err != nil {
		return "", err
	}
	defer h.slots.Release(1)
	hash, err := argon2id.CreateHash(norm.NFC.String(password), &h.params)
	if err != nil {
		return "", errors.Wrap(err, "hash password")
	}
	return hash, nil
}

// Verify reports whether a client's password matches the hash, and whether it should be hashed again because the hash
// was made with other costs than the current ones.
//
// For an unknown account, pass an empty hash: the result is false and takes as long as for a known one. Verify waits for
// a free slot, at most until ctx ends.
func (h *Hasher) Verify(ctx context.Context, client, password, hash string) (ok, rehash bool, err error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	if password = norm.NFC.String(password); utf8.RuneCountInString(password) > MaxPasswordLength {
		known, password = false, "" // no valid password is that long: do not hash it
	}
	if err := h.acquire(ctx, client); err != nil {
		return false, false, err
	}
	defer h.slots.Release(1)
	match, params, err := argon2id.CheckHash(password, hash)
	if err != nil {
		return false, false, errors.Wrap(err, "check password hash")
	}
	ok = match && known
	return ok, ok && *params != h.params, nil
}
