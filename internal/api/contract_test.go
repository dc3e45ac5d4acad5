package api_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/edgevalue/edgevalue"
	"github.com/edgevalue/edgevalue/internal/api"
)

// An operation of the specification.
type operation struct {
	*openapi3.Operation
	method, path string
	params       []*openapi3.Parameter // of the path and the operation
	item         *openapi3.PathItem
}

// spec is the specification, read by a library that has nothing to do with the server.
var spec = sync.OnceValue(func() *openapi3.T {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(edgevalue.OpenAPI)
	if err == nil {
		err = doc.Validate(loader.Context)
	}
	if err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err))
	}
	return doc
})

var operations = sync.OnceValue(func() (all []*operation) {
	for path, item := range spec().Paths.Map() {
		for method, o := range item.Operations() {
			op := &operation{Operation: o, method: method, path: path, item: item}
			for _, p := range slices.Concat(item.Parameters, o.Parameters) {
				op.params = append(op.params, p.Value)
			}
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b *operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return all
})

// find returns the operation that a request calls, or nil.
func find(method, path string) *operation {
	path, ok := strings.CutPrefix(path, api.Prefix)
	if !ok {
		return nil
	}
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for _, s := range segments {
		if plain, err := url.PathUnescape(s); err != nil || strings.Contains(plain, "/") || plain == "." || plain == ".." {
			return nil // another path, or none
		}
	}
	var best *operation
	for _, op := range operations() {
		template := strings.Split(op.path, "/")
		match := op.method == method && len(template) == len(segments)
		for i := 0; match && i < len(segments); i++ {
			match = template[i] == segments[i] || strings.HasPrefix(template[i], "{") && segments[i] != ""
		}
		if match && (best == nil || strings.Count(op.path, "{") < strings.Count(best.path, "{")) {
			best = op
		}
	}
	return best
}

// success is the status of the operation's only successful response.
func (op *operation) success() int {
	for status := range op.Responses.Map() {
		if strings.HasPrefix(status, "2") {
			n, _ := strconv.Atoi(status)
			return n
		}
	}
	panic(op.OperationID + " has no successful response")
}

// errorStatuses are those that the operation's x-errors name.
func (op *operation) errorStatuses() (statuses []int) {
	named, _ := op.Extensions["x-errors"].(map[string]any)
	for status := range named {
		n, _ := strconv.Atoi(status)
		statuses = append(statuses, n)
	}
	return statuses
}

// says returns what x-errors has about a status, "" if nothing.
func (op *operation) says(status int) string {
	named, _ := op.Extensions["x-errors"].(map[string]any)
	text, _ := named[strconv.Itoa(status)].(string)
	return text
}

func (op *operation) names(status int) bool { return slices.Contains(op.errorStatuses(), status) }

func (op *operation) param(name string) *openapi3.Parameter {
	if i := slices.IndexFunc(op.params, func(p *openapi3.Parameter) bool { return p.Name == name }); i >= 0 {
		return op.params[i]
	}
	return nil
}

func (op *operation) upload() bool {
	return op.RequestBody != nil && op.RequestBody.Value.Content["*/*"] != nil
}

// seen holds the (operation, status) pairs that were answered as the specification says.
var seen = struct {
	sync.Mutex
	pairs map[string]map[int]bool
}{pairs: map[string]map[int]bool{}}

// contract is a transport that fails the test for a response that the specification does not allow.
type contract struct {
	t    testing.TB
	next http.RoundTripper
}

func (c contract) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if what := undocumented(res, body); what != "" {
		c.t.Errorf("%s %s: %s", r.Method, r.URL, what)
	}
	if op := find(r.Method, r.URL.EscapedPath()); op != nil && res.Header.Get("Content-Encoding") == "" {
		if err := op.validate(r, res, body); err != nil {
			c.t.Errorf("%s %s: %d is not as %s specifies: %v\n%.2000s", r.Method, r.URL, res.StatusCode, op.OperationID,
				err, body)
		} else {
			seen.Lock()
			if seen.pairs[op.OperationID] == nil {
				seen.pairs[op.OperationID] = map[int]bool{}
			}
			seen.pairs[op.OperationID][res.StatusCode] = true
			seen.Unlock()
		}
	}
	return res, nil
}

// always are the statuses that every operation may return.
var always = []int{400, 405, 413, 415, 429, 500, 503}

// refusesKey reports whether an operation that takes access tokens alone was sent an API key.
func (op *operation) refusesKey(r *http.Request, res *http.Response) bool {
	takesKeys := op.Security != nil && slices.ContainsFunc(*op.Security, func(s openapi3.SecurityRequirement) bool { return s["ApiKey"] != nil })
	sent := r.Header.Get("X-Api-Key") != "" || strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ev_")
	return res.StatusCode == http.StatusForbidden && sent && !takesKeys
}

func (op *operation) validate(r *http.Request, res *http.Response, body []byte) error {
	if res.StatusCode != op.success() && !op.names(res.StatusCode) && !op.refusesKey(r, res) && !slices.Contains(always, res.StatusCode) {
		return fmt.Errorf("x-errors does not name this status")
	}
	if res.StatusCode == http.StatusNoContent && len(body) > 0 {
		return fmt.Errorf("a body")
	}
	if err := op.validateBody(res, body); err != nil {
		return err
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r,
			Route: &routers.Route{
				Spec: spec(), Path: op.path, PathItem: op.item, Method: op.method, Operation: op.Operation,
			},
		},
		Status: res.StatusCode, Header: res.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, ExcludeResponseBody: true},
	})
}

// schemas are those of answers, compiled once: openapi3filter would do so for each answer.
var schemas = struct {
	sync.Mutex
	compiler *jsonschema.Compiler
}{compiler: func() *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	var doc any
	if err := yaml.Unmarshal(edgevalue.OpenAPI, &doc); err != nil {
		panic(err)
	}
	if err := c.AddResource("openapi.json", doc); err != nil {
		panic(err)
	}
	return c
}()}

// validateBody checks the content type of an answer and, of JSON, what is in it.
func (op *operation) validateBody(res *http.Response, body []byte) error {
	at, response := "default", op.Responses.Default()
	if r := op.Responses.Status(res.StatusCode); r != nil {
		at, response = strconv.Itoa(res.StatusCode), r
	}
	if len(response.Value.Content) == 0 || len(body) == 0 {
		if len(response.Value.Content) > 0 && op.method != http.MethodHead || len(body) > 0 {
			return fmt.Errorf("the contract has %d content types, the body %d bytes", len(response.Value.Content), len(body))
		}
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	content := response.Value.Content[mediaType]
	if content == nil {
		return fmt.Errorf("the contract has no content type %s", mediaType)
	}
	if !strings.HasSuffix(mediaType, "json") {
		return nil
	}
	pointer := "#/paths/" + escaped.Replace(op.path) + "/" + strings.ToLower(op.method) + "/responses/" + at
	if response.Ref != "" {
		pointer = response.Ref
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	schemas.Lock()
	schema, err := schemas.compiler.Compile("openapi.json" + pointer + "/content/" + escaped.Replace(mediaType) + "/schema")
	schemas.Unlock()
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// escaped makes a name a part of a JSON pointer in a URL.
var escaped = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")

// missing lists the pairs of some operations that the specification names and no test has seen, and counts all that were.
func missing(of *regexp.Regexp) (gaps []string, pairs int) {
	seen.Lock()
	defer seen.Unlock()
	for _, op := range operations() {
		if !of.MatchString(op.OperationID) {
			continue
		}
		for _, status := range append([]int{op.success()}, op.errorStatuses()...) {
			if !seen.pairs[op.OperationID][status] {
				gaps = append(gaps, fmt.Sprintf("%s %d", op.OperationID, status))
			}
		}
	}
	for statuses := range maps.Values(seen.pairs) {
		pairs += len(statuses)
	}
	return gaps, pairs
}

var whole = flag.String("whole", "", "take a run of some tests for a whole one of the operations whose ids match this")

// TestMain fails a whole run that did not call every operation for its success and for each error that it names.
func TestMain(m *testing.M) {
	flag.Parse()
	of, err := regexp.Compile(*whole)
	if err != nil {
		panic(err)
	}
	code := m.Run()
	all := true
	for _, name := range []string{"run", "skip", "list", "bench", "fuzz"} {
		all = all && flag.Lookup("test."+name).Value.String() == ""
	}
	if code == 0 && (all || *whole != "") && !remote() {
		gaps, pairs := missing(of)
		if len(gaps) > 0 {
			fmt.Printf("FAIL: of openapi.yaml, no test has seen\n\t%s\n", strings.Join(gaps, "\n\t"))
			code = 1
		}
		fmt.Printf("%d operations, %d (operation, status) pairs called and validated\n", len(seen.pairs), pairs)
	}
	os.Exit(code)
}
