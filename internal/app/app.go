// Package app is what EdgeValue does: the use cases, one file per resource, with their authorisation, validation and
// transactions. It knows no HTTP. Errors that a caller can do something about are an *Error.
package app

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/mail"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// Config is what the use cases depend on.
type Config struct {
	Pool   *pgxpool.Pool
	Hasher *auth.Hasher
	Tokens *auth.Tokens
	TOTP   *auth.TOTP
	// ConsoleTokens are for the cookies of browsers.
	ConsoleTokens *auth.Tokens
	CookieTokens  *auth.Tokens // for those of the page; they last SessionLife
	Mail          mail.Sender
	Logger        *slog.Logger
	Now           func() time.Time
	Changes       *pg.Changes // is told of what is written, and says what may be remembered; may be nil
	Replica       *pg.Replica // for reads; may be nil

	ProjectName         string
	PublicURL           string // without a trailing slash
	OpenRegistration    bool
	AccessTokenLife     time.Duration
	RefreshTokenLife    time.Duration // of a session that is not used
	RequireSuperuser2FA bool
	ResetTokenLife      time.Duration
	AttemptsPerAddress  int // failed logins, recoveries and the like that one client's network has in AttemptWindow
	AttemptsPerAccount  int // from one network
	AttemptWindow       time.Duration
	AttemptDelay        time.Duration // of one at an account that has very many
	AuditRetentionDays  int           // 400 if 0

	DataConfig // newproject:companies
}

// App carries out the use cases. It is safe for concurrent use.
type App struct {
	Config
	queries    *db.Queries
	jobs       *river.Client[pgx.Tx] // inserts and cancels only
	slowed     auth.Queue
	changes    chan struct{} // has one element for each transaction of a request
	identities identities
	data       // newproject:companies
}

// New returns the use cases over a database whose schema is current.
func New(cfg Config) (*App, error) {
	jobs, err := river.NewClient(riverpgxv5.New(cfg.Pool), &river.Config{Logger: cfg.Logger})
	if err != nil {
		return nil, errors.Wrap(err, "create River client")
	}
	cfg.AuditRetentionDays = cmp.Or(cfg.AuditRetentionDays, 400)
	known, err := newIdentities(cfg.Changes)
	if err != nil {
		return nil, err
	}
	a := &App{
		Config: cfg, queries: db.New(cfg.Pool), jobs: jobs,
		changes: make(chan struct{}, max(cfg.Pool.Config().MaxConns/2, 1)), identities: known,
		slowed: auth.Queue{Waiting: maxSlowed, PerClient: maxSlowedPerNetwork},
	}
	// newproject:companies
	if a.data, err = a.newData(); err != nil {
		return nil, err
	}
	// newproject:end
	return a, nil
}

// An Actor is who asks. The zero Actor is nobody.
type Actor struct {
	UserID    int64
	Superuser bool
	KeyID     int64 // of the API key that acts for the user
	ReadOnly  bool  // what the key may do
	SessionID int64 // 0 unless logged in
	MustEnrol bool  // is a superuser, but has no rights as one before setting up a second factor
}

// System is the actor of the command line, whose user may reach the database anyway.
var System = Actor{UserID: -1, Superuser: true}

// superuser returns an error unless the actor is one.
func (a Actor) superuser() error {
	switch {
	case a.UserID == 0:
		return &Error{Code: Unauthenticated, Message: "log in first"}
	case a.MustEnrol:
		return &Error{
			Code: Forbidden, Type: "second-factor-enrolment-required", Message: "superusers need a second factor here: set one up with POST /users/me/totp",
		}
	case !a.Superuser:
		return &Error{Code: Forbidden, Message: "only a superuser may do this"}
	}
	return nil
}

// writer returns an error unless the actor may change data.
func (a Actor) writer() error {
	if err := a.superuser(); err != nil || !a.ReadOnly {
		return err
	}
	return errReadOnly
}

var errReadOnly = &Error{Code: Forbidden, Type: "insufficient-scope", Message: "this API key may read only: its scope is not write"}

// enqueue inserts a job and returns its id.
func (a *App) enqueue(ctx context.Context, args river.JobArgs) (id int64, err error) {
	err = a.inTx(ctx, func(tx *pipeline, _ *db.Queries) error {
		res, err := a.jobs.InsertTx(ctx, tx, args, nil)
		if err != nil {
			return errors.Wrap(err, "enqueue job")
		}
		id = res.Job.ID
		return nil
	})
	return id, err
}
