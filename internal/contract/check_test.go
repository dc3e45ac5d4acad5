package contract_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue"
	"github.com/edgevalue/edgevalue/internal/contract"
)

const good = `openapi: 3.1.0
info: { title: Things, version: 1.0.0 }
paths:
  /things/{id}:
    put:
      operationId: replaceThing
      parameters:
        - { name: id, in: path, required: true, schema: { type: integer } }
      requestBody:
        required: true
        content:
          application/json:
            schema: { $ref: '#/components/schemas/Thing' }
      responses:
        '204': { description: Done. }
        default: { $ref: '#/components/responses/Problem' }
  /things:
    get:
      operationId: listThings
      responses:
        '200': { description: OK. }
        default: { $ref: '#/components/responses/Problem' }
components:
  schemas:
    Thing:
      type: object
      required: [name]
      properties:
        name: { type: string, maxLength: 20 }
        state: { type: string, enum: &states [new, used], x-extensible-enum: *states }
        size: { type: string, enum: [s, m], x-closed-enum: true }
  responses:
    Problem:
      description: A problem.
      content:
        application/json:
          schema: { $ref: '#/components/schemas/Thing' }
`

const settings = "generator:\n  convenient_errors: on\n"

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to, want string }{
		"nothing":                             {"", "", ""},
		"indentation":                         {"    put:\n      operationId", "    put:\n      summary: x\n     operationId", "7:6: not YAML: a key is expected here: the line may be indented wrongly, or a quote or bracket be missing"},
		"a tab":                               {"      operationId: replaceThing", "\toperationId: replaceThing", "6:1: not YAML: no value begins with this character: put text in quotes, and indent with spaces"},
		"a colon in text":                     {"description: A problem.", "description: A problem: bad", "34:29: not YAML: a mapping cannot begin here: the line may be indented wrongly, or text with a colon need quotes"},
		"an open bracket":                     {"required: [name]", "required: [name", "28:17: not YAML: a comma or a closing bracket is missing in what begins on line 27"},
		"an open quote":                       {"title: Things", "title: 'Things", "14:7: not YAML: a comma or a closing bracket is missing in what begins on line 2"},
		"no colon":                            {"      operationId: listThings", "      operationId", "20:16: not YAML: a mapping cannot begin here: the line may be indented wrongly, or text with a colon need quotes"},
		"a key twice":                         {"type: object\n", "type: object\n      type: string\n", `27:7: the key "type" is already on line 26`},
		"twice in braces":                     {"maxLength: 20", "maxLength: 20, type: string", `29:46: the key "type" is already on line 29`},
		"an unknown $ref":                     {"schema: { $ref: '#/components/schemas/Thing' }\n      responses", "schema: { $ref: '#/components/schemas/Thin' }\n      responses", "13:29: there is no #/components/schemas/Thin for this $ref"},
		"an unknown answer":                   {"default: { $ref: '#/components/responses/Problem' }\n  /things:", "default: { $ref: '#/components/responses/Proble' }\n  /things:", "16:26: there is no #/components/responses/Proble for this $ref"},
		"yes for true":                        {"required: true\n", "required: yes\n", `10:19: required must be a boolean, not the string "yes": write true or false`},
		"a number for true":                   {"required: true\n", "required: 7\n", `10:19: required must be a boolean, not the number "7"`},
		"an unknown key":                      {"required: true\n", "requird: true\n", `10:9: OpenAPI knows no key "requird" here`},
		"an unknown keyword":                  {"maxLength", "maxLenght", `29:31: OpenAPI knows no key "maxLenght" here`},
		"an unknown type":                     {"type: string", "type: strnig", "29:23: type: value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'"},
		"a negative length":                   {"maxLength: 20", "maxLength: -1", "29:42: maxLength: minimum: got -1, want 0"},
		"no description":                      {"description: A problem.", "summary: A problem.", "33:5: Problem needs description"},
		"no version":                          {", version: 1.0.0", "", "2:1: info needs version"},
		"no operationId":                      {"      operationId: listThings\n", "", "18:5: GET /things has no operationId"},
		"deprecated without a day":            {"operationId: listThings\n", "operationId: listThings\n      deprecated: true\n", "20:19: GET /things is deprecated without x-deprecated-since, the day since when"},
		"deprecated since no day":             {"operationId: listThings\n", "operationId: listThings\n      deprecated: true\n      x-deprecated-since: June\n", `21:27: the day must be YYYY-MM-DD, not "June"`},
		"a sunset before":                     {"operationId: listThings\n", "operationId: listThings\n      deprecated: true\n      x-deprecated-since: '2026-06-30'\n      x-sunset: '2026-06-29'\n", "22:17: x-sunset must not be before x-deprecated-since"},
		"a sunset alone":                      {"operationId: listThings\n", "operationId: listThings\n      x-sunset: '2026-06-29'\n", "20:17: GET /things has a day but not deprecated: true"},
		"announced":                           {"operationId: listThings\n", "operationId: listThings\n      deprecated: true\n      x-deprecated-since: '2026-06-30'\n      x-sunset: '2027-06-30'\n", ""},
		"cacheable, but no GET":               {"operationId: replaceThing\n", "operationId: replaceThing\n      x-cacheable: true\n", "7:20: PUT /things/{id} cannot be cacheable: only GET can"},
		"cacheable, but not for all":          {"operationId: listThings\n", "operationId: listThings\n      x-cacheable: true\n      security: [{ key: [] }]\n", "20:20: GET /things cannot be cacheable: who may ask is not everybody"},
		"cacheable without 304":               {"operationId: listThings\n", "operationId: listThings\n      x-cacheable: true\n", "20:20: GET /things is cacheable, and needs the response 304"},
		"cacheable, or not":                   {"operationId: listThings\n", "operationId: listThings\n      x-cacheable: no\n", "20:20: x-cacheable must be true, or left out"},
		"cacheable":                           {"operationId: listThings\n      responses:\n", "operationId: listThings\n      x-cacheable: true\n      responses:\n        '304': { description: The same. }\n", ""},
		"an operationId twice":                {"listThings", "replaceThing", `19:20: duplicate operationId: "replaceThing"`},
		"a parameter that is not in the path": {"name: id, in", "name: di, in", `8:9: parameter "id" not specified`},
		"what the generator cannot do":        {"application/json:\n            schema: { $ref: '#/components/schemas/Thing' }\n      resp", "application/xml:\n            schema: { $ref: '#/components/schemas/Thing' }\n      resp", "6:7: the generator cannot make code of this: unsupported content types: [application/xml]"},
		"answers that the settings forbid":    {"'200': { description: OK. }\n        default: { $ref: '#/components/responses/Problem' }", "'200': { description: OK. }", `21:9: can't reduce to convenient error: operation has no "default" response`},
		"an enum of a response, undecided":    {", x-extensible-enum: *states", "", "30:38: the enum of a response needs x-extensible-enum with the same values, if later versions may add some, or else x-closed-enum: true"},
		"an enum that is open and closed":     {"*states", "*states, x-closed-enum: true", "30:38: the enum of a response needs x-extensible-enum with the same values, if later versions may add some, or else x-closed-enum: true"},
		"a closed enum that is not":           {"x-closed-enum: true", "x-closed-enum: false", "31:60: x-closed-enum must be true, or left out"},
		"an enum with another mark":           {"*states", "[new]", "30:78: x-extensible-enum must have the values of enum"},
		"an enum of a request":                {"schema: { type: integer }", "schema: { type: string, enum: [a] }", ""},
		"not a mapping":                       {good, "- a\n", "1:1: the document must be a mapping, with keys such as openapi, info and paths"},
		"nothing at all":                      {good, "", "1:1: the document is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, good, c.from)
			mistakes, err := contract.Check([]byte(strings.Replace(good, c.from, c.to, 1)), []byte(settings))
			require.NoError(t, err)
			var said []string
			for _, m := range mistakes {
				said = append(said, m.String())
			}
			assert.Equal(t, c.want, strings.Join(said, "\n"))
		})
	}
}

func TestCheckFile(t *testing.T) {
	t.Parallel()
	text, mistakes, err := contract.CheckFile("../../openapi.yaml")
	require.NoError(t, err)
	assert.Empty(t, mistakes)
	assert.Equal(t, string(edgevalue.OpenAPI), string(text))

	_, _, err = contract.CheckFile(filepath.Join(t.TempDir(), "openapi.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)

	_, err = contract.Check([]byte(good), []byte("generatr: {}"))
	require.ErrorContains(t, err, "generatr")
}
