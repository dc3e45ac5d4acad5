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

// statuses are those that the operation lists.
func (op *operation) statuses() (statuses []int) {
	for status := range op.Responses.Map() {
		if n, err := strconv.Atoi(status); err == nil {
			statuses = append(statuses, n)
		}
	}
	return statuses
}

// paths are those of the specification as they are written: the library drops what stands beside a reference.
var paths = sync.OnceValue(func() map[string]map[string]any {
	var doc struct {
		Paths map[string]map[string]any
	}
	if err := yaml.Unmarshal(edgevalue.OpenAPI, &doc); err != nil {
		panic(err)
	}
	return doc.Paths
})

// says returns what the specification has about a status of the operation, "" if nothing.
func (op *operation) says(status int) string {
	method, _ := paths()[op.path][strings.ToLower(op.method)].(map[string]any)
	responses, _ := method["responses"].(map[string]any)
	response, _ := responses[strconv.Itoa(status)].(map[string]any)
	text, _ := response["description"].(string)
	return text
}

func (op *operation) names(status int) bool { return op.Responses.Status(status) != nil }

// response is what the specification says about an answer with this status.
func (op *operation) response(status int) *openapi3.ResponseRef {
	if r := op.Responses.Status(status); r != nil {
		return r
	}
	return op.Responses.Default()
}

func (op *operation) param(name string) *openapi3.Parameter {
	if i := slices.IndexFunc(op.params, func(p *openapi3.Parameter) bool { return p.Name == name }); i >= 0 {
		return op.params[i]
	}
	return nil
}

func (op *operation) upload() bool {
	return op.RequestBody != nil && op.RequestBody.Value.Content[fileType] != nil
}

const fileType = "application/octet-stream"

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

// anyOperation are the statuses that every operation can have: those of the response of which its default is.
var anyOperation = sync.OnceValue(func() map[string]any {
	return spec().Components.Responses["Problem"].Value.Extensions["x-statuses"].(map[string]any)
})

func (op *operation) validate(r *http.Request, res *http.Response, body []byte) error {
	if !op.names(res.StatusCode) && anyOperation()[strconv.Itoa(res.StatusCode)] == nil {
		return fmt.Errorf("the contract does not name this status")
	}
	if names := op.undeclared(res); len(names) > 0 {
		return fmt.Errorf("the contract does not declare the headers %s", strings.Join(names, ", "))
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

// implied are the headers that no contract declares: those by which HTTP carries a message, and those by which a browser
// trusts it.
var implied = []string{
	"Connection", "Content-Encoding", "Content-Length", "Content-Type", "Date", "Transfer-Encoding", "Vary",
	"Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Content-Security-Policy",
	"Cross-Origin-Resource-Policy", "Referrer-Policy", "Set-Cookie", "Strict-Transport-Security", "X-Content-Type-Options",
}

// undeclared lists the headers of an answer that the specification does not say it has.
func (op *operation) undeclared(res *http.Response) (names []string) {
	declared := slices.Clone(implied)
	for name := range op.response(res.StatusCode).Value.Headers {
		declared = append(declared, http.CanonicalHeaderKey(name))
	}
	for name := range res.Header {
		if !slices.Contains(declared, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
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
	at, response := "default", op.response(res.StatusCode)
	if op.names(res.StatusCode) {
		at = strconv.Itoa(res.StatusCode)
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
		for _, status := range op.statuses() {
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
