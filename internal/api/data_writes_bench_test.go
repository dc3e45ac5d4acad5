package api_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-faster/jx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/telemetry"
)

// BenchmarkWrites has each client enter dividends of a company of its own. By hand a dividend takes one transaction of one
// statement, which also writes the audit event, after the token was compared with one in memory; nothing is checked.
func BenchmarkWrites(b *testing.B) {
	pool := benchPool(b)
	log := telemetry.NewLogger(io.Discard, "json", slog.LevelInfo)
	a, err := app.New(app.Config{
		Pool: pool, Logger: log, Now: time.Now, Changes: pg.NewChanges(pool, log), PublicURL: "https://edgevalue.example", Hasher: auth.NewHasher(cheap),
		Tokens: auth.NewTokens("a secret of the tests, long enough", time.Hour, time.Now), TOTP: auth.NewTOTP("a secret of the tests, long enough"),
		AccessTokenLife: time.Hour, RefreshTokenLife: 30 * 24 * time.Hour,
		AttemptsPerAddress: 1_000_000, AttemptsPerAccount: 1_000_000, AttemptWindow: 15 * time.Minute,
	})
	require.NoError(b, err)
	generated := serveApp(b, a, log, benchConfig{limits: productionLimits(), cached: true})
	_, err = a.EnsureSuperuser(b.Context(), "super@example.com", password)
	require.NoError(b, err)
	anon, err := oas.NewClient("http://"+generated+api.Prefix, bearer(""))
	require.NoError(b, err)
	login, err := anon.CreateAccessToken(b.Context(), &oas.AccessTokenForm{Username: "super@example.com", Password: password})
	require.NoError(b, err)
	token := login.AccessToken
	byHand := serve(b, enterByHand(pool, token))
	tickers := benchTickers(b, pool)

	entered := regexp.MustCompile(`"id":\d+|"(created|updated)_at":"[^"]*"|"amount_per_share":[\d.]+`)
	var missed marks
	b.Run("dividend", func(b *testing.B) {
		var n atomic.Int64
		first := func(addr string) string {
			var out string
			enter := entering(token, tickers, &n, func(body []byte) { out = string(body) })
			conn, err := net.Dial("tcp", addr)
			require.NoError(b, err)
			defer func() { _ = conn.Close() }()
			require.NoError(b, enter(0, conn, bufio.NewReader(conn)))
			return entered.ReplaceAllString(out, "$1")
		}
		require.Equal(b, first(byHand), first(generated), "the answers must be the same")
		enter := entering(token, tickers, &n, nil)
		api, hand := calling(b, generated, enter), calling(b, byHand, enter)
		inTurns(b, pool, api, hand)
		api.report(b, "api")
		hand.report(b, "by-hand")
		missed.atLeast(b, "ratio", api.ratio(hand), 0.5)
	})
	missed.fail(b)
}

// benchTickers are those of a company for each client.
func benchTickers(b *testing.B, pool *pgxpool.Pool) []string {
	b.Helper()
	rows, err := pool.Query(b.Context(), "SELECT ticker FROM listing WHERE is_primary ORDER BY id LIMIT $1", benchClients)
	require.NoError(b, err)
	tickers, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b, err)
	return tickers
}

// entering enters dividends, no two of the same amount.
func entering(token string, tickers []string, n *atomic.Int64, got func([]byte)) call {
	return func(client int, conn net.Conn, r *bufio.Reader) error {
		body := fmt.Sprintf(`{"amount_per_share":%.9f,"currency":"USD","publish_date":"2024-05-02","ex_dividend_date":"2024-05-10","fiscal_year":2024,"fiscal_quarter":2}`,
			1+float64(n.Add(1))/1e9)
		_, err := fmt.Fprintf(conn, "POST %s/companies/%s/dividends HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nAuthorization: Bearer %s\r\n"+
			"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", api.Prefix, tickers[client], token, len(body), body)
		if err != nil {
			return err
		}
		answer, err := readAnswer(r)
		if got != nil {
			got(answer)
		}
		return err
	}
}

// readAnswer returns the body of a successful answer, which is there until the next one is read.
func readAnswer(r *bufio.Reader) (body []byte, err error) {
	length := -1
	for i := 0; ; i++ {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch name, v, _ := bytes.Cut(line, []byte(": ")); {
		case i == 0:
			if !bytes.HasPrefix(line, []byte("HTTP/1.1 20")) {
				rest, _ := r.Peek(r.Buffered())
				return nil, fmt.Errorf("no success: %s %s", line, rest)
			}
		case len(line) == 0:
			if length < 0 {
				return nil, fmt.Errorf("an answer without its length")
			}
			body, err = r.Peek(length)
			if err == nil {
				_, err = r.Discard(length)
			}
			return body, err
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(v)); err != nil {
				return nil, err
			}
		}
	}
}

const enterQuery = `WITH entered AS (
	INSERT INTO dividend (company_id, source, known_from, fiscal_year, fiscal_quarter, period_end, amount_per_share, currency,
		publish_date, derived, share_basis_date, ex_dividend_date)
	SELECT l.company_id, 'manual', $5, $7, $8, $9, $3, $4, $5, false, $5, $6 FROM listing l WHERE ticker_key(l.ticker) = $1 AND l.holds_ticker
	RETURNING *
), audited AS (
	INSERT INTO audit_event (action, actor, actor_id, target_type, target, detail, client, request_id)
	SELECT 'dividend.created', 'user', $2, 'dividend', id::text, to_jsonb(entered), '127.0.0.1', 'none' FROM entered
)
SELECT id, company_id, created_at FROM entered`

func enterByHand(pool *pgxpool.Pool, token string) http.Handler {
	hash := sha256.Sum256([]byte("Bearer " + token))
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+api.Prefix+"/companies/{ticker}/dividends", func(w http.ResponseWriter, r *http.Request) {
		given := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(hash[:], given[:]) != 1 {
			http.Error(w, "not allowed", http.StatusUnauthorized)
			return
		}
		answer(func(r *http.Request, e *jx.Encoder) error { return byHand{pool}.enter(r, e) })(w, r)
	})
	return mux
}

func (h byHand) enter(r *http.Request, e *jx.Encoder) error {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var amount decimal.Decimal
	var currency, published, ex string
	var year, quarter int
	err = jx.DecodeBytes(content).ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "amount_per_share":
			var n jx.Num
			if n, err = d.Num(); err == nil {
				amount, err = decimal.NewFromString(n.String())
			}
		case "currency":
			currency, err = d.Str()
		case "publish_date":
			published, err = d.Str()
		case "ex_dividend_date":
			ex, err = d.Str()
		case "fiscal_year":
			year, err = d.Int()
		case "fiscal_quarter":
			quarter, err = d.Int()
		default:
			err = d.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	day, err := time.Parse(time.DateOnly, published)
	if err != nil {
		return err
	}
	exDay, err := time.Parse(time.DateOnly, ex)
	if err != nil {
		return err
	}
	ticker := strings.ToUpper(r.PathValue("ticker"))
	var id, company int64
	var created time.Time
	err = pgx.BeginFunc(r.Context(), h.pool, func(tx pgx.Tx) error {
		return tx.QueryRow(r.Context(), enterQuery, ticker, 1, amount, currency, day, exDay, year, quarter, nil).Scan(&id, &company, &created)
	})
	if err != nil {
		return err
	}
	e.ObjStart()
	e.FieldStart("id")
	e.Int64(id)
	e.FieldStart("company_id")
	e.Int64(company)
	e.FieldStart("ticker")
	e.Str(ticker)
	e.FieldStart("source")
	e.Str("manual")
	e.FieldStart("fiscal_year")
	e.Int(year)
	e.FieldStart("fiscal_quarter")
	e.Int(quarter)
	e.FieldStart("period_end")
	e.Null()
	e.FieldStart("amount_per_share")
	e.Raw([]byte(amount.String()))
	e.FieldStart("currency")
	e.Str(currency)
	e.FieldStart("publish_date")
	e.Str(published)
	e.FieldStart("derived")
	e.Bool(false)
	e.FieldStart("known_from")
	e.Str(published)
	e.FieldStart("known_to")
	e.Null()
	e.FieldStart("share_basis_date")
	e.Str(published)
	e.FieldStart("adjusted_to")
	encodeTime(e, time.Now().UTC(), time.DateOnly)
	e.FieldStart("declaration_date")
	e.Null()
	e.FieldStart("ex_dividend_date")
	e.Str(ex)
	e.FieldStart("record_date")
	e.Null()
	e.FieldStart("payment_date")
	e.Null()
	e.FieldStart("created_at")
	encodeTime(e, created, time.RFC3339)
	e.FieldStart("updated_at")
	encodeTime(e, created, time.RFC3339)
	e.ObjEnd()
	return nil
}
