package client

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// AsOf returns a client of the point in time at the end of a day: its operations answer with what was known then. It has the
// login of c. Operations that do not know as_of, such as those that write, and those whose parameters name another day,
// fail with an [*AsOfError] and are not sent.
func (c *Client) AsOf(day time.Time) *Client {
	// Neither has an error: the address has been parsed before.
	router, _ := oas.NewServer(nil, nil, oas.WithPathPrefix(c.base.Path))
	m := &timeMachine{tokens: tokens(c.transport.token), transport: c.transport, router: router, day: day.Format(time.DateOnly)}
	then := *c
	then.session = nil // that a Logout does not end c's
	then.Client, _ = oas.NewClient(c.base.String(), m, oas.WithClient(m))
	return &then
}

// An AsOfError is that of an operation which a client of a point in time does not send.
type AsOfError struct {
	Day       string            // of the client, such as 2012-12-31
	Operation oas.OperationName // such as CreateCompany
	Other     string            // the day that the operation's parameters name, empty if it does not know as_of
}

func (e *AsOfError) Error() string {
	if e.Other != "" {
		return fmt.Sprintf("%s as of %s, by a client of %s", e.Operation, e.Other, e.Day)
	}
	return fmt.Sprintf("%s does not know as_of, and the client is one of %s", e.Operation, e.Day)
}

// timeMachine sends a day with each request.
type timeMachine struct {
	tokens
	transport *transport
	router    *oas.Server
	day       string
}

// OAuth2PasswordBearer refuses an operation before there is a login for it.
func (m *timeMachine) OAuth2PasswordBearer(ctx context.Context, operation oas.OperationName) (oas.OAuth2PasswordBearer, error) {
	if !timed[operation] {
		return oas.OAuth2PasswordBearer{}, &AsOfError{Day: m.day, Operation: operation}
	}
	return m.tokens.OAuth2PasswordBearer(ctx, operation)
}

func (m *timeMachine) Do(req *http.Request) (*http.Response, error) {
	route, _ := m.router.FindPath(req.Method, req.URL)
	query := req.URL.Query()
	switch other := query.Get("as_of"); {
	case !timed[route.Name()]:
		return nil, &AsOfError{Day: m.day, Operation: route.Name()}
	case other != "" && other != m.day:
		return nil, &AsOfError{Day: m.day, Operation: route.Name(), Other: other}
	}
	query.Set("as_of", m.day)
	req.URL.RawQuery = query.Encode()
	return m.transport.Do(req)
}
