package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-faster/errors"
	"github.com/ogen-go/ogen/ogenerrors"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// explain finds all that is wrong with a request that the generated code could not decode: what the contract forbids
// and, in a rehearsal of the request without that, what the use case does not accept. Who may not do this, or asks for
// what is not there, is told that alone.
func explain(operations *oas.Server, r *http.Request, err error) error {
	var (
		named interface{ OperationID() string }
		param *ogenerrors.DecodeParamError
	)
	if !errors.As(err, &named) {
		return err
	}
	SetRoute(r.Context(), named.OperationID())
	if isFinal(err) {
		return err
	}
	all, cerr := contract()
	if cerr != nil {
		return cerr
	}
	var (
		op    = all.operations[named.OperationID()]
		c     checker
		path  = op.pathValues(r.URL)
		query = r.URL.Query()
	)
	for _, p := range op.Parameters {
		c.text(p.Name, "", p.Schema, p.Required, map[string]url.Values{"path": path, "query": query, "header": url.Values(r.Header.Clone())}[p.In])
	}
	inPath := slices.ContainsFunc(c.mistakes, func(m app.FieldError) bool { return path.Has(m.Field) })
	body, berr := c.body(op, r)
	if berr != nil {
		return berr
	}
	if len(c.mistakes) == 0 { // the decoder is stricter than the contract
		field := ""
		if errors.As(err, &param) {
			field = param.Name
		}
		c.add(field, "is not valid")
	}
	invalid := &app.Error{Code: app.Invalid, Message: "the request has invalid values", Fields: c.mistakes}
	if op.method != http.MethodGet && op.contentType != jsonType {
		return invalid
	}
	if slices.ContainsFunc(op.Parameters, func(p parameter) bool { return p.Name == "page_size" }) {
		query.Set("page_size", "1") // nobody reads the page
	}
	err = rehearse(operations, r, op.url(path, query), body)
	e := app.Explain(err)
	switch {
	case e == nil, e.Code == app.NotFound && inPath, e.Code == app.Conflict && inPath:
	case e.Code == app.Invalid || e.Code == app.Conflict:
		for _, f := range e.Fields {
			if !c.concerns(f.Field) && !slices.ContainsFunc(f.With, c.concerns) {
				c.add(f.Field, f.Message)
			}
		}
		invalid.Fields = c.mistakes
	default:
		return err
	}
	return invalid
}

// repeats returns an error when the request's JSON or form has a field twice, of which the generated code takes one.
func (q *request) repeats() error {
	var c checker
	switch b := q.body; {
	case b == nil || len(b.read) == 0:
	case b.isJSON:
		v, err := decode(b.read)
		if err != nil {
			return &statusError{http.StatusBadRequest, errors.New("the body " + err.Error())}
		}
		c.allRepeated("", v)
	case b.isForm:
		form, _ := url.ParseQuery(string(b.read)) // which the generated code has done
		for _, name := range slices.Sorted(maps.Keys(form)) {
			if len(form[name]) > 1 {
				c.add("/"+escape(name), "must be given once")
			}
		}
	}
	if len(c.mistakes) == 0 {
		return nil
	}
	return &app.Error{Code: app.Invalid, Message: "the request has invalid values", Fields: c.mistakes}
}

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
	fileType = "application/octet-stream"
)

// isFinal reports whether an error says all that there is to say.
func isFinal(err error) bool {
	var (
		coded    *statusError
		tooLarge *http.MaxBytesError
	)
	return errors.As(err, &coded) || errors.As(err, &tooLarge)
}

// body checks the body of a request and returns it as it can be sent again. It errs when the body cannot be read.
func (c *checker) body(op *operation, r *http.Request) ([]byte, error) {
	if op.body == nil {
		return nil, nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != op.contentType {
		return nil, &statusError{http.StatusUnsupportedMediaType, errors.New("the body must be " + op.contentType)}
	}
	if op.contentType != jsonType {
		var raw []byte
		if b := requestOf(r.Context()).body; b != nil {
			raw = b.read
		}
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			return nil, &statusError{http.StatusBadRequest, errors.New("the form has an invalid escape or separator")}
		}
		for _, name := range slices.Sorted(maps.Keys(op.body.Properties)) {
			c.text(name, "/", op.body.Properties[name], slices.Contains(op.body.Required, name), form)
		}
		return nil, nil
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, &statusError{http.StatusBadRequest, errors.New("the body is empty")}
	}
	v, err := decode(raw)
	if err != nil {
		return nil, &statusError{http.StatusBadRequest, errors.New("the body " + err.Error())}
	}
	repaired, _ := c.value("", op.body, v)
	return json.Marshal(repaired)
}

// A rehearsal keeps the error of a request that is only tried.
type rehearsal struct{ err error }

type rehearsalKey struct{}

func rehearsalOf(ctx context.Context) *rehearsal {
	r, _ := ctx.Value(rehearsalKey{}).(*rehearsal)
	return r
}

// rehearse serves a request without consequences and returns its error.
func rehearse(operations *oas.Server, r *http.Request, u *url.URL, body []byte) error {
	var tried rehearsal
	again := r.Clone(context.WithValue(app.Rehearse(r.Context()), rehearsalKey{}, &tried))
	again.Header.Del("Idempotency-Key") // which may be what is wrong
	again.Header.Del("If-Match")
	again.URL, again.Body, again.ContentLength = u, io.NopCloser(bytes.NewReader(body)), int64(len(body))
	operations.ServeHTTP(&unsent{header: http.Header{}}, again)
	return tried.err
}

// pathValues are the parameters in the path of a request.
func (op *operation) pathValues(u *url.URL) url.Values {
	segments := strings.Split(strings.TrimPrefix(u.EscapedPath(), Prefix), "/")
	values := url.Values{}
	for i, s := range op.path {
		if name, ok := strings.CutPrefix(s, "{"); ok && i < len(segments) {
			value, _ := url.PathUnescape(segments[i]) // which was escaped just now
			values.Set(strings.TrimSuffix(name, "}"), value)
		}
	}
	return values
}

// url is the address of the operation with these parameters.
func (op *operation) url(path, query url.Values) *url.URL {
	segments := slices.Clone(op.path)
	for i, s := range segments {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			segments[i] = path.Get(strings.TrimSuffix(name, "}"))
		}
	}
	return (&url.URL{Path: Prefix, RawQuery: query.Encode()}).JoinPath(segments...)
}
