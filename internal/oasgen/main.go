// Oasgen has ogen write the server and the client of openapi.yaml, without what would make a type of its own of every
// response: the statuses of errors, which all have the form of `default`, and the headers of successful responses, which
// middleware sends.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
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
	return g.WriteSource(genfs.FormattedSource{Root: to}, filepath.Base(to))
}

// parse reads the contract as ogen is to see it: every error is a Problem, with the headers that Error has and successes
// do not.
func parse(text []byte) (*ogen.Spec, error) {
	spec, err := ogen.Parse(text)
	if err != nil {
		return nil, err
	}
	problem := spec.Components.Responses["Error"]
	if problem == nil {
		return nil, errors.New("components.responses has no Error")
	}
	spec.Components.Responses["Problem"] = problem
	for _, item := range spec.Paths {
		for _, op := range []*ogen.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op == nil {
				continue
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
