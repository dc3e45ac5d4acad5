package app

import (
	"context"
	"crypto/sha256"
	"net/mail"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
)

var errEmail = errors.New(emailRule)

// domains is IDNA's lookup profile, with the lengths that DNS allows.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.Transitional(false), idna.VerifyDNSLength(true))

// Email returns the form in which an email address is kept: in normal form C, its domain in ASCII, so that every mail
// server can deliver to it and nobody takes it for another. The case of letters before the @ stays, but does not count.
func Email(address string) (string, error) {
	if len(address) > 1000 || !utf8.ValidString(address) {
		return "", errEmail
	}
	address = norm.NFC.String(address)
	for _, r := range address {
		if r == utf8.RuneError || !auth.IsVisible(r) {
			return "", errEmail
		}
	}
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", errEmail
	}
	domain, err := domains.ToASCII(address[at+1:])
	if err != nil {
		return "", errEmail
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return "", errEmail
	}
	address = address[:at+1] + domain
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > 254 {
		return "", errEmail
	}
	return address, nil
}

// userByEmail finds the account of an address as somebody wrote it. One that is older than the rules of Email is found
// by its very letters.
func userByEmail(ctx context.Context, q *db.Queries, written string) (db.UserAccount, error) {
	address, err := Email(written)
	if err != nil {
		address = written
	}
	return q.GetUserByEmail(ctx, db.GetUserByEmailParams{Email: address, Written: written})
}

// addressHash names an address where it is counted but must not be readable: what people type there may be anything,
// even a password.
func addressHash(written string) []byte {
	if address, err := Email(written); err == nil {
		written = address
	}
	sum := sha256.Sum256([]byte(strings.ToLower(written)))
	return sum[:]
}
