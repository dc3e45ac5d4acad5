package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const secret = "0123456789abcdef0123456789abcdef"

var start = time.Date(2024, 2, 29, 12, 0, 0, 500e6, time.UTC)

func at(now time.Time) func() time.Time { return func() time.Time { return now } }

func TestTokens(t *testing.T) {
	t.Parallel()
	for _, want := range []Claims{{1, 3, 0}, {42, 5, 7}, {math.MaxInt64, math.MaxInt64, math.MaxInt32}} {
		token, expires, err := NewTokens(secret, time.Hour, at(start)).Issue(want)
		require.NoError(t, err)
		assert.Equal(t, time.Date(2024, 2, 29, 13, 0, 0, 0, time.UTC), expires)

		got, err := NewTokens(secret, time.Hour, at(expires.Add(-time.Second))).Parse(token)
		require.NoError(t, err)
		assert.Equal(t, want, got)

		_, err = NewTokens(secret, time.Hour, at(expires)).Parse(token)
		require.ErrorIs(t, err, ErrInvalidToken)
		require.ErrorIs(t, err, jwt.ErrTokenExpired)
	}
}

func TestTokensNeedASecret(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() { NewTokens("", time.Hour, time.Now) })
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tokens := NewTokens(secret, time.Hour, at(start))
	good, _, err := tokens.Issue(Claims{UserID: 42, SessionID: 5, Version: 7})
	require.NoError(t, err)
	parts := strings.Split(good, ".")

	version := int32(7)
	claims := func(change func(*jwtClaims)) jwtClaims {
		c := jwtClaims{jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: "42",
			ExpiresAt: jwt.NewNumericDate(start.Add(time.Hour)),
		}, &version, 5}
		if change != nil {
			change(&c)
		}
		return c
	}
	sign := func(method jwt.SigningMethod, key any, c jwtClaims) string {
		s, err := jwt.NewWithClaims(method, c).SignedString(key)
		require.NoError(t, err)
		return s
	}
	hs256 := func(change func(*jwtClaims)) string { return sign(jwt.SigningMethodHS256, tokens.key, claims(change)) }

	_, err = tokens.Parse(hs256(nil))
	require.NoError(t, err, "what the cases below are variations of is valid")

	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&ec.PublicKey)
	require.NoError(t, err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	console, _, err := NewConsoleTokens(secret, time.Hour, at(start)).Issue(Claims{UserID: 1, SessionID: 1, Version: 0})
	require.NoError(t, err)
	_, err = NewConsoleTokens(secret, time.Hour, at(start)).Parse(good)
	require.ErrorIs(t, err, ErrInvalidToken, "an access token as a console token")
	none := sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil))
	other, _, err := NewTokens(secret+"x", time.Hour, at(start)).Issue(Claims{UserID: 42, SessionID: 5, Version: 7})
	require.NoError(t, err)
	raw := sha256.Sum256([]byte(secret))
	forged := strings.Split(hs256(func(c *jwtClaims) { c.Subject = "1" }), ".")[1]

	for name, token := range map[string]string{
		"empty":                     "",
		"no JWT":                    "nonsense",
		"two parts":                 parts[0] + "." + parts[1],
		"four parts":                good + ".x",
		"alg none":                  none,
		"alg none, with signature":  strings.Split(none, ".")[0] + "." + parts[1] + "." + parts[2],
		"no signature":              parts[0] + "." + parts[1] + ".",
		"HS384":                     sign(jwt.SigningMethodHS384, tokens.key, claims(nil)),
		"HS512":                     sign(jwt.SigningMethodHS512, tokens.key, claims(nil)),
		"ES256":                     sign(jwt.SigningMethodES256, ec, claims(nil)),
		"HS256 with a public key":   sign(jwt.SigningMethodHS256, public, claims(nil)),
		"console token":             console,
		"another secret":            other,
		"the secret itself":         sign(jwt.SigningMethodHS256, []byte(secret), claims(nil)),
		"the secret's hash":         sign(jwt.SigningMethodHS256, raw[:], claims(nil)),
		"empty key":                 sign(jwt.SigningMethodHS256, []byte{}, claims(nil)),
		"another payload":           parts[0] + "." + forged + "." + parts[2],
		"expired":                   hs256(func(c *jwtClaims) { c.ExpiresAt = jwt.NewNumericDate(start.Add(-time.Second)) }),
		"no expiry":                 hs256(func(c *jwtClaims) { c.ExpiresAt = nil }),
		"not yet valid":             hs256(func(c *jwtClaims) { c.NotBefore = jwt.NewNumericDate(start.Add(time.Minute)) }),
		"another issuer":            hs256(func(c *jwtClaims) { c.Issuer = "example" }),
		"no issuer":                 hs256(func(c *jwtClaims) { c.Issuer = "" }),
		"another audience":          hs256(func(c *jwtClaims) { c.Audience = jwt.ClaimStrings{"example"} }),
		"no audience":               hs256(func(c *jwtClaims) { c.Audience = nil }),
		"no subject":                hs256(func(c *jwtClaims) { c.Subject = "" }),
		"subject is not a number":   hs256(func(c *jwtClaims) { c.Subject = "42 or 1" }),
		"subject overflows":         hs256(func(c *jwtClaims) { c.Subject = "9223372036854775808" }),
		"no version":                hs256(func(c *jwtClaims) { c.Version = nil }),
		"no session":                hs256(func(c *jwtClaims) { c.SessionID = 0 }),
		"scheme left on the header": "Bearer " + good,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tokens.Parse(token)
			require.ErrorIs(t, err, ErrInvalidToken)
			assert.Zero(t, got)
		})
	}

	t.Run("each character changed", func(t *testing.T) {
		t.Parallel()
		for i := range good {
			b := []byte(good)
			b[i] ^= 1
			_, err := tokens.Parse(string(b))
			require.ErrorIs(t, err, ErrInvalidToken, "character %d", i)
		}
	})
}

func FuzzParse(f *testing.F) {
	tokens := NewTokens(secret, time.Hour, at(start))
	good, _, err := tokens.Issue(Claims{UserID: 42, SessionID: 5, Version: 7})
	require.NoError(f, err)
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := tokens.Parse(token); err != nil {
			require.ErrorIs(t, err, ErrInvalidToken)
		} else {
			require.Equal(t, good, token)
		}
	})
}

func TestResetToken(t *testing.T) {
	t.Parallel()
	token, hash := NewResetToken()
	assert.Regexp(t, `^[A-Za-z0-9_-]{43}$`, token)
	assert.Len(t, hash, sha256.Size)
	assert.Equal(t, hash, HashResetToken(token))
	assert.NotEqual(t, hash, HashResetToken(token+"="))
	second, _ := NewResetToken()
	assert.NotEqual(t, token, second)
}
