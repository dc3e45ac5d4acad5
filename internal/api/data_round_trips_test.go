package api_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
)

// A syncs is a connection to PostgreSQL that counts the messages which are answered before the program goes on: each ends a
// batch, however many statements that has.
type syncs struct {
	net.Conn
	n       *atomic.Int64
	started bool // the first message has no type
	unread  []byte
}

func (c *syncs) Write(b []byte) (int, error) {
	c.unread = append(c.unread, b...)
	for {
		head := 5
		if !c.started {
			head = 4
		}
		if len(c.unread) < head {
			break
		}
		size := head - 4 + int(binary.BigEndian.Uint32(c.unread[head-4:]))
		if len(c.unread) < size {
			break
		}
		if kind := c.unread[0]; c.started && (kind == 'S' || kind == 'Q' && !strings.HasPrefix(string(c.unread[5:]), "-- ping")) {
			c.n.Add(1)
		}
		c.started, c.unread = true, c.unread[size:]
	}
	return c.Conn.Write(b)
}

// Whoever enters data waits for the database three times: for the lock, for what was written, and for the commit. With an
// Idempotency-Key it is once more, as with If-Match where the splits are needed to tell what there is.
func TestRoundTripsOfWrites(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	f, a, _ := followers(t, func(c *app.Config) {
		cfg := c.Pool.Config()
		cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return &syncs{Conn: conn, n: &n}, err
		}
		pool, err := pgxpool.NewWithConfig(context.WithoutCancel(t.Context()), cfg)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		c.Pool = pool
	})
	f.createCompany("AAPL")
	f.exec("INSERT INTO split (company_id, effective_date, ratio) SELECT id, '2014-06-09', 7 FROM company")
	key, _ := f.createKey(f.superToken, "write")
	const (
		statement = `{"period": "annual", "fiscal_year": {n}, "start_date": "{n}-01-01", "end_date": "{n}-12-31", "publish_date": "2024-02-01", "currency": "USD", "audited": true, "earnings_per_share": 4}`
		dividend  = `{"amount_per_share": {n}, "currency": "USD", "publish_date": "2024-05-02", "period_end": "2024-03-31"}`
	)
	const times = 4 // the first of them prepare statements
	number := 1910  // a year, too
	for _, tt := range []struct {
		name, method, path, body string
		within                   int64
		header                   []string
	}{
		{name: "company", method: http.MethodPost, path: "/companies", body: `{"name": "One", "listings": [{"ticker": "ONE{n}"}]}`, within: 3},
		{name: "company", method: http.MethodPatch, path: "/companies/AAPL", body: `{"number_of_shares": {n}}`, within: 3},
		{name: "company", method: http.MethodPatch, path: "/companies/AAPL", body: `{"number_of_shares": {n}}`, header: []string{"If-Match", "*"}, within: 3},
		{name: "listings", method: http.MethodPatch, path: "/companies/AAPL", body: `{"listings": [{"ticker": "AAPL"}, {"ticker": "TWO{n}"}]}`, within: 3},
		{name: "statement", method: http.MethodPost, path: "/companies/AAPL/financial-statements", body: statement, within: 3},
		{name: "statement", method: http.MethodPut, path: "/financial-statements/1", body: strings.ReplaceAll(statement, "{n}", "1942"), within: 3},
		{name: "statement", method: http.MethodPut, path: "/financial-statements/1", body: strings.ReplaceAll(statement, "{n}", "1942"), header: []string{"If-Match", "*"}, within: 4},
		{name: "dividend", method: http.MethodPost, path: "/companies/AAPL/dividends", body: dividend, within: 3},
		{name: "dividend", method: http.MethodPost, path: "/companies/AAPL/dividends", body: dividend, header: []string{"Idempotency-Key", "key"}, within: 4},
		{name: "dividend", method: http.MethodPut, path: "/dividends/1", body: dividend, within: 3},
		{name: "dividend", method: http.MethodPut, path: "/dividends/1", body: dividend, header: []string{"If-Match", "*"}, within: 4},
		{name: "split", method: http.MethodPost, path: "/companies/AAPL/splits", body: `{"effective_date": "{n}-01-01", "ratio": 2}`, within: 3},
	} {
		for _, token := range []string{a.superToken, key} {
			a.remembers(a.superToken, http.StatusOK)
			a.remembers(key, http.StatusForbidden)
			for i := range times {
				header := append([]string{"Content-Type", "application/json"}, tt.header...)
				if len(tt.header) > 0 && tt.header[0] == "Idempotency-Key" {
					header[3] += strconv.Itoa(number)
				}
				body := strings.ReplaceAll(tt.body, "{n}", strconv.Itoa(number))
				number++
				before := n.Load()
				res, answer := a.call(token, tt.method, api.Prefix+tt.path, strings.NewReader(body), header...)
				require.Less(t, res.StatusCode, http.StatusBadRequest, "%s %s: %s", tt.method, body, answer)
				if i == times-1 {
					assert.LessOrEqual(t, n.Load()-before, tt.within, "%s %s %v", tt.method, tt.name, tt.header)
				}
			}
		}
	}
}
