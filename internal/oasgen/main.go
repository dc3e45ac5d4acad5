// Oasgen has ogen write the server and the client of openapi.yaml, without what would make a type of its own of every
// response: the statuses of errors, which all have the form of `default`, and the headers of successful responses, which
// middleware sends. It also leaves out forms with a file, which ogen would keep in memory: internal/api makes the file of
// them before. The client takes what a response says, so that it does not fail on a value that a later version has added. What
// the server and the client send is encoded in less time than ogen's code takes, to the same bytes.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/go-faster/errors"
	"github.com/go-faster/yaml"
	"github.com/ogen-go/ogen"
	"github.com/ogen-go/ogen/gen"
	"github.com/ogen-go/ogen/gen/genfs"
	"github.com/ogen-go/ogen/location"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		if !location.PrintPrettyError(os.Stderr, false, err) {
			fmt.Fprintln(os.Stderr, "oasgen:", err)
		}
		os.Exit(1)
	}
}

// run writes the package in the directory to, as the file config, with ogen's options, says.
func run(config, contract, to string) error {
	var opts gen.Options
	text, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&opts); err != nil {
		return errors.Wrap(err, config)
	}
	text, err = opts.SetLocation(contract, gen.RemoteOptions{})
	if err != nil {
		return err
	}
	spec, err := parse(text)
	if err != nil {
		return &location.Error{File: opts.Parser.File, Err: err}
	}
	g, err := gen.NewGenerator(spec, opts)
	if err != nil {
		return errors.Wrap(err, contract)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(to, "oas_*_gen.go"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return g.WriteSource(source{genfs.FormattedSource{Root: to}}, filepath.Base(to))
}

// A source is the directory of the package.
type source struct{ genfs.FormattedSource }

const (
	responseDecoders = "oas_response_decoders_gen.go"
	responseEncoders = "oas_response_encoders_gen.go"
	encoders         = "oas_json_gen.go"
)

// WriteFile leaves out that the client validates responses, has the server send them as wire.Send does, and JSON be appended.
func (s source) WriteFile(name string, text []byte) error {
	switch name {
	case responseDecoders:
		rest := validation.ReplaceAll(text, nil)
		if left := bytes.Count(rest, []byte("Validate()")); left > 0 || len(rest) == len(text) {
			return errors.Errorf("%s: ogen validates responses in another form, %d times", name, left)
		}
		text = rest
	case responseEncoders:
		sent := sending.ReplaceAll(text, []byte(send))
		if left := bytes.Count(sent, []byte("jx.Encoder")); left > 0 || len(sent) == len(text) {
			return errors.Errorf("%s: ogen sends responses in another form, %d times", name, left)
		}
		formatted, err := importingWire(sent)
		if err != nil {
			return errors.Wrap(err, name)
		}
		text = formatted
	case encoders:
		appending, err := appendEncoders(text)
		if err != nil {
			return errors.Wrap(err, name)
		}
		text = appending
	}
	return s.FormattedSource.WriteFile(name, text)
}

// importingWire formats a file that imports jx, and wire as well.
func importingWire(text []byte) ([]byte, error) {
	const (
		jx   = "\t\"github.com/go-faster/jx\"\n"
		wire = "\t\"github.com/edgevalue/edgevalue/internal/oasgen/wire\"\n"
	)
	return format.Source(bytes.Replace(text, []byte(jx), []byte(jx+wire), 1))
}

// validation is that of a response in the client.
var validation = regexp.MustCompile(`(?m)^[ \t]*// Validate response\.\n\s*if err := func\(\) error \{\n(?s:.*?)\}\(\); err != nil \{\n\s*return res, errors\.Wrap\(err, "validate"\)\n\s*\}\n`)

// sending is that of a response with a body of JSON, which send takes the place of.
var sending = regexp.MustCompile(`(?m)^[ \t]*w\.WriteHeader\((\w+)\)\s*e := new\(jx\.Encoder\)\n(?s:(.*?))` +
	`if _, err := e\.WriteTo\(w\); err != nil \{\s*return errors\.Wrap\(err, "write"\)\s*\}\n`)

const send = `
	e := jx.GetEncoder()
	${2}if err := wire.Send(w, $1, e); err != nil {
		return errors.Wrap(err, "write")
	}
`

// form is the type of a body with a file as a part, which may also be sent alone.
const form = "multipart/form-data"

// parse reads the contract as ogen is to see it: no body is a form with a file, and every error is a Problem, with the headers that Refusal has and successes
// do not.
func parse(text []byte) (*ogen.Spec, error) {
	spec, err := ogen.Parse(text)
	if err != nil {
		return nil, err
	}
	problem := spec.Components.Responses["Refusal"]
	if problem == nil {
		return nil, errors.New("components.responses has no Refusal")
	}
	spec.Components.Responses["Problem"] = problem
	for _, item := range spec.Paths {
		for _, op := range []*ogen.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op == nil {
				continue
			}
			if op.RequestBody != nil {
				delete(op.RequestBody.Content, form)
			}
			for status, response := range op.Responses {
				switch {
				case strings.HasPrefix(status, "2"):
					for name := range response.Headers {
						delete(problem.Headers, name)
					}
					response.Headers = nil
				case status != "default":
					delete(op.Responses, status)
				}
			}
		}
	}
	return spec, nil
}
