package auth

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/go-faster/errors"
	"github.com/golang-jwt/jwt/v5"
)

// ErrInvalidToken is matched by every error of Tokens.Parse.
var ErrInvalidToken = errors.New("invalid access token")

const issuer = "edgevalue"

// What tokens are for. Each has a signing key of its own, so that one is never taken for another.
const (
	audience        = "edgevalue-api"
	consoleAudience = "edgevalue-console"
	cookieAudience  = "edgevalue-cookie"
)

// Tokens issues and checks access tokens: JWTs signed with HS256. It is safe for concurrent use.
type Tokens struct {
	audience string
	key      []byte
	lifetime time.Duration
	now      func() time.Time
	parser   *jwt.Parser
}

// Claims are what an access token says.
type Claims struct {
	UserID int64
	// SessionID is the login that the token belongs to, and ends with.
	SessionID int64
	// Version is the user's token version at the time of issue. The caller compares it with the current one, which
	// changes with the password and on deactivation, and so ends all earlier tokens.
	Version int32
}

type jwtClaims struct {
	jwt.RegisteredClaims
	Version   *int32 `json:"ver"`
	SessionID int64  `json:"sid"`
}

// NewTokens derives the signing key from the secret for this purpose alone, so that other uses of the secret do not share
// it. It panics if the secret is empty.
func NewTokens(secret string, lifetime time.Duration, now func() time.Time) *Tokens {
	return newTokens(secret, "edgevalue access token v1", audience, lifetime, now)
}

// NewConsoleTokens is NewTokens for the cookie of a browser that is logged in to the pages for superusers.
func NewConsoleTokens(secret string, lifetime time.Duration, now func() time.Time) *Tokens {
	return newTokens(secret, "edgevalue console token v1", consoleAudience, lifetime, now)
}

// NewCookieTokens is NewTokens for the cookie of a session of the page.
func NewCookieTokens(secret string, lifetime time.Duration, now func() time.Time) *Tokens {
	return newTokens(secret, "edgevalue cookie token v1", cookieAudience, lifetime, now)
}

func newTokens(secret, purpose, audience string, lifetime time.Duration, now func() time.Time) *Tokens {
	if secret == "" {
		panic("auth: empty secret")
	}
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, purpose, sha256.Size)
	if err != nil {
		panic(fmt.Sprintf("auth: derive key: %v", err)) // it only checks the length, which is in range
	}
	return &Tokens{
		audience: audience,
		key:      key,
		lifetime: lifetime,
		now:      now,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithIssuer(issuer),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(),
			jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(now),
		),
	}
}

// Issue returns a token with these claims and the time at which it expires, in whole seconds.
func (t *Tokens) Issue(c Claims) (token string, expires time.Time, err error) {
	now := t.now().UTC().Truncate(time.Second)
	expires = now.Add(t.lifetime).Truncate(time.Second)
	token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, jwtClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    issuer,
			Audience:  jwt.ClaimStrings{t.audience},
			Subject:   strconv.FormatInt(c.UserID, 10),
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(expires),
		},
		Version:   &c.Version,
		SessionID: c.SessionID,
	}).SignedString(t.key)
	if err != nil {
		return "", time.Time{}, errors.Wrap(err, "sign access token")
	}
	return token, expires, nil
}

// Parse returns the claims of a token that Issue made and that has not expired; every error is an ErrInvalidToken.
func (t *Tokens) Parse(token string) (Claims, error) {
	var c jwtClaims
	if _, err := t.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return t.key, nil }); err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	userID, err := strconv.ParseInt(c.Subject, 10, 64)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: subject: %w", ErrInvalidToken, err)
	}
	if c.Version == nil {
		return Claims{}, fmt.Errorf("%w: no version", ErrInvalidToken)
	}
	if c.SessionID <= 0 {
		return Claims{}, fmt.Errorf("%w: no session", ErrInvalidToken)
	}
	return Claims{UserID: userID, SessionID: c.SessionID, Version: *c.Version}, nil
}

// NewResetToken returns a random token of 43 URL-safe characters (256 bits) to give to the user, and its hash to store.
func NewResetToken() (token string, hash []byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, HashResetToken(token)
}

// HashResetToken returns the SHA-256 of a token, by which the stored one is found. A slow hash would add nothing to the
// token's entropy.
func HashResetToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
