package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// TOTP makes and checks the secrets of authenticator apps (RFC 6238), which it encrypts for storage. It is safe for
// concurrent use.
type TOTP struct{ aead cipher.AEAD }

const (
	totpPeriod    = 30 * time.Second
	recoveryCodes = 10
)

// codeOptions are what every authenticator app can do.
var codeOptions = totp.ValidateOpts{Period: uint(totpPeriod / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// NewTOTP derives the encryption key from the secret for this purpose alone. It panics if the secret is empty.
func NewTOTP(secret string) *TOTP {
	if secret == "" {
		panic("auth: empty secret")
	}
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "edgevalue second factor v1", 32)
	if err != nil {
		panic(fmt.Sprintf("auth: derive key: %v", err)) // it only checks the length, which is in range
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(fmt.Sprintf("auth: %v", err)) // as above
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(fmt.Sprintf("auth: %v", err)) // as above
	}
	return &TOTP{aead}
}

// New returns a secret for the user's app, in Base32 and as an otpauth URI, and encrypted for this user alone.
func (t *TOTP) New(userID int64, issuer, account string) (secret, uri string, sealed []byte, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: account})
	if err != nil {
		return "", "", nil, errors.Wrap(err, "generate secret")
	}
	sealed = t.aead.Seal(nil, nil, []byte(key.Secret()), owner(userID)) //nolint:gosec // the AEAD makes its own nonce
	return key.Secret(), key.URL(), sealed, nil
}

// Step returns the time step whose code this is: the current one, or one beside it, for clocks that differ. It is 0 for
// a wrong code. The caller refuses a step that is not after the last one.
func (t *TOTP) Step(userID int64, sealed []byte, code string, now time.Time) (int64, error) {
	secret, err := t.aead.Open(nil, nil, sealed, owner(userID))
	if err != nil {
		return 0, errors.Wrap(err, "decrypt second factor (was SECRET_KEY changed?)")
	}
	found := int64(0)
	for _, offset := range []time.Duration{-totpPeriod, 0, totpPeriod} {
		at := now.Add(offset)
		want, err := totp.GenerateCodeCustom(string(secret), at, codeOptions)
		if err != nil {
			return 0, errors.Wrap(err, "compute code")
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = at.Unix() / int64(totpPeriod/time.Second)
		}
	}
	return found, nil
}

// owner binds a sealed secret to its user.
func owner(userID int64) []byte { return []byte(strconv.FormatInt(userID, 10)) }

// NewRecoveryCodes returns codes of 80 bits to show to the user, and their hashes to store.
func NewRecoveryCodes() (codes []string, hashes [][]byte) {
	for range recoveryCodes {
		c := rand.Text()[:16]
		code := c[:4] + "-" + c[4:8] + "-" + c[8:12] + "-" + c[12:]
		codes, hashes = append(codes, code), append(hashes, HashRecoveryCode(code))
	}
	return codes, hashes
}

// HashRecoveryCode returns the SHA-256 of a code as people type it. A slow hash would add little to its entropy.
func HashRecoveryCode(code string) []byte {
	plain := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
	sum := sha256.Sum256([]byte(plain))
	return sum[:]
}
