package sec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sec"
)

// A document is a company facts document in the making: taxonomy, tag, unit, facts.
type document map[string]map[string]map[string][]map[string]any

type filing struct {
	accession, form, filed string
	fy                     int
}

func accession(year, number int) string { return fmt.Sprintf("0000000001-%02d-%06d", year%100, number) }

// add adds a fact; one without a start is an instant.
func (d document) add(f filing, taxonomy, tag, unit, start, end, val string) {
	fact := map[string]any{
		"end": end, "val": json.Number(val), "accn": f.accession, "fy": f.fy, "form": f.form, "filed": f.filed,
	}
	if start != "" {
		fact["start"] = start
	}
	if d[taxonomy] == nil {
		d[taxonomy] = make(map[string]map[string][]map[string]any)
	}
	if d[taxonomy][tag] == nil {
		d[taxonomy][tag] = make(map[string][]map[string]any)
	}
	d[taxonomy][tag][unit] = append(d[taxonomy][tag][unit], fact)
}

func (d document) json(t testing.TB) []byte {
	t.Helper()
	facts := make(map[string]any)
	for taxonomy, tags := range d {
		byTag := make(map[string]any)
		for tag, units := range tags {
			byTag[tag] = map[string]any{"label": nil, "description": nil, "units": units}
		}
		facts[taxonomy] = byTag
	}
	b, err := json.Marshal(map[string]any{"cik": "0000000001", "entityName": "Example", "facts": facts})
	require.NoError(t, err)
	return b
}

func (d document) parse(t testing.TB) *sec.CompanyFacts {
	t.Helper()
	facts, err := sec.ParseCompanyFacts(bytes.NewReader(d.json(t)))
	require.NoError(t, err)
	return facts
}
