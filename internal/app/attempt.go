package app

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
)

// Attempts at passwords and tokens count in a fixed window: at the client's network and at its site, and at an account
// from this network and from anywhere. The first three are refused beyond a limit. The last would let anybody lock
// anybody out: beyond its limit, attempts are slowed down instead.

const (
	siteFactor     = 10 // a site has as many attempts as ten networks
	anywhereFactor = 10 // an account has as many attempts as from ten networks before they are slowed down

	maxSlowed           = 50 // attempts that wait at a time
	maxSlowedPerNetwork = 2
)

var errBusy = &Error{Code: Unavailable, Message: "too many passwords are being checked", RetryAfter: time.Second}

// An attempt was counted before its outcome is known, so that simultaneous ones cannot exceed a limit.
type attempt struct {
	app     *App
	counted []db.TakeBackAttemptParams
	account string // the key of the account from this network, if it counts at one
}

// countAttempt counts an attempt of the client in ctx and, unless account is empty, at the account with that address.
// Errors: RateLimited, Unavailable.
func (a *App) countAttempt(ctx context.Context, purpose, account string) (*attempt, error) {
	if err := rehearsed(ctx); err != nil {
		return nil, err
	}
	type tally struct {
		of, key string
		account *string
		limit   int
		slows   bool
	}
	network, site := OriginOf(ctx).Network(), OriginOf(ctx).Site()
	tallies := []tally{
		{"network", purpose + ":network:" + network, nil, a.AttemptsPerAddress, false},
		{"site", purpose + ":site:" + site, nil, siteFactor * a.AttemptsPerAddress, false},
	}
	at := &attempt{app: a}
	if account != "" {
		key := accountKey(account)
		at.account = purpose + ":account:" + key + ":" + network
		tallies = append(tallies,
			tally{"account", at.account, &key, a.AttemptsPerAccount, false},
			tally{"account", purpose + ":account:" + key, &key, anywhereFactor * a.AttemptsPerAccount, true})
	}
	for _, t := range tallies {
		now := a.Now()
		row, err := a.queries.CountAttempt(ctx, db.CountAttemptParams{
			Key: t.key, Account: t.account, Now: now, WindowFloor: now.Add(-a.AttemptWindow),
		})
		if err != nil {
			return nil, errors.Wrap(err, "count attempt")
		}
		at.counted = append(at.counted, db.TakeBackAttemptParams{Key: t.key, WindowStart: row.WindowStart})
		over := int(row.Attempts) - t.limit
		if over <= 0 {
			continue
		}
		action := purpose + map[bool]string{false: ".limited", true: ".delayed"}[t.slows]
		if over == 1 { // once in a window
			if err := a.auditLimit(ctx, action, t.of, account); err != nil {
				return nil, err
			}
		}
		if !t.slows {
			return nil, a.tooMany(row, now)
		}
		if err := a.slowDown(ctx, network); err != nil {
			return nil, at.takeBack(ctx, err)
		}
	}
	return at, nil
}

// maxCodes is how many wrong codes of the second factor an account has in a window, from anywhere. Only who knows the
// password can give one, so that no stranger locks the account.
const maxCodes = 30

// countCode counts a code that somebody gives for a user whose password they know; right forgets it and those before.
// Errors: RateLimited.
func (a *App) countCode(ctx context.Context, u db.UserAccount) (right func() error, err error) {
	account, now := accountKey(u.Email), a.Now()
	key := "code:account:" + account
	row, err := a.queries.CountAttempt(ctx, db.CountAttemptParams{Key: key, Account: &account, Now: now, WindowFloor: now.Add(-a.AttemptWindow)})
	if err != nil {
		return nil, errors.Wrap(err, "count code")
	}
	if row.Attempts > maxCodes {
		return nil, a.tooMany(row, now)
	}
	return func() error { return wrap(a.queries.ForgetAttempts(ctx, key), "forget codes") }, nil
}

func (a *App) tooMany(row db.CountAttemptRow, now time.Time) error {
	return &Error{
		Code: RateLimited, Message: "too many attempts, try again later",
		RetryAfter: max(row.WindowStart.Add(a.AttemptWindow).Sub(now), time.Second),
	}
}

// slowDown waits for AttemptDelay, with no connection and no slot for hashing. It fails at once when too many wait.
func (a *App) slowDown(ctx context.Context, network string) error {
	if !a.slowed.Enter(network) {
		return errBusy
	}
	defer a.slowed.Leave(network)
	select {
	case <-time.After(a.AttemptDelay):
		return nil
	case <-ctx.Done():
		return errBusy
	}
}

func (a *App) auditLimit(ctx context.Context, action, of, account string) error {
	e := auditEvent{Action: action, Reason: "too many attempts: " + of}
	if account != "" {
		u, err := userByEmail(ctx, a.queries, account)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return errors.Wrap(err, "get user")
		}
		e.of(u)
	}
	return a.audit(ctx, a.queries, Actor{}, e)
}

// succeeded uncounts the attempt, and forgets those at the account from this network.
func (at *attempt) succeeded(ctx context.Context) error {
	for _, c := range at.counted {
		if err := at.app.queries.TakeBackAttempt(ctx, c); err != nil {
			return errors.Wrap(err, "take back attempt")
		}
	}
	if at.account == "" {
		return nil
	}
	return wrap(at.app.queries.ForgetAttempts(ctx, at.account), "forget attempts")
}

// takeBack uncounts an attempt that came to no outcome, because of err, which it returns.
func (at *attempt) takeBack(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	for _, c := range at.counted {
		if failed := at.app.queries.TakeBackAttempt(ctx, c); failed != nil {
			at.app.Logger.WarnContext(ctx, "an attempt stays counted", "error", failed)
			break
		}
	}
	return err
}

// accountKey is by which attempts at an account are counted. It hides the address: what people type there may be
// anything, even a password.
func accountKey(written string) string { return hex.EncodeToString(addressHash(written)[:16]) }

// verify checks the password of the client in ctx against a hash, see auth.Hasher. Errors: Unavailable.
func (a *App) verify(ctx context.Context, password, hash string) (ok, rehash bool, err error) {
	ok, rehash, err = a.Hasher.Verify(ctx, OriginOf(ctx).Network(), password, hash)
	return ok, rehash, hashingError(err, "verify password")
}

// hash hashes a new password for the client in ctx, but in no rehearsal. Errors: Unavailable.
func (a *App) hash(ctx context.Context, password string) (string, error) {
	if err := rehearsed(ctx); err != nil {
		return "", err
	}
	hash, err := a.Hasher.Hash(ctx, OriginOf(ctx).Network(), password)
	return hash, hashingError(err, "hash password")
}

func hashingError(err error, message string) error {
	if errors.Is(err, auth.ErrBusy) {
		return errBusy
	}
	return wrap(err, message)
}
