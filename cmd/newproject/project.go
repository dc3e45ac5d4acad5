package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"net/mail"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/module"
)

// projectFile holds the variables of a project, at its root.
const projectFile = "project.yaml"

// A project is the variables of one, by name, and the template that it was made from, which is empty in the config of a
// new one.
type project struct {
	vars     map[string]string
	template template
}

type template struct {
	Repository string
	Revision   string
}

// A variable is one of the scalars of project.yaml.
type variable struct {
	name, question string
	// standard returns the default, which follows from the variables before.
	standard func(vars map[string]string) string
	// wrong says why a value cannot be taken: "" if it can.
	wrong func(value string) string
}

// variables lists all of project.yaml but the template, in its order.
var variables = []variable{
	{"name", "The name that people read", func(map[string]string) string { return "My Service" }, wrongName},
	{"slug", "The name that programs read", func(v map[string]string) string {
		slug := strings.ToLower(notWord.ReplaceAllString(v["name"], ""))
		if len(slug) < 3 {
			slug = "my" + slug
		}
		return cut(slug, 20)
	}, wrongSlug},
	{"module", "The Go module", func(v map[string]string) string { return "github.com/" + v["slug"] + "/" + v["slug"] }, func(s string) string {
		if err := module.CheckPath(s); err != nil {
			return "is no module path: " + errors.Unwrap(err).Error()
		}
		return ""
	}},
	{"host", "The host in production", func(map[string]string) string { return "example.com" }, matches(
		`([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?`, 200, "must be the name of a host in lower case, such as example.com")},
	{"description", "One line about the service", func(v map[string]string) string { return v["name"] + ", a web service" }, matches(
		"[^\\pC\"`\\\\$#{}:]*[^\\pC\"`\\\\$#{}:. ]", 120, "must be one line without a full stop at its end and without \" ` \\ $ # : { }")},
	{"licence_holder", "Who holds the copyright", func(v map[string]string) string { return "The " + v["name"] + " Authors" }, matches(
		`\PC+`, 120, "must be one line")},
	{"licence_year", "Since which year", func(map[string]string) string { return strconv.Itoa(time.Now().Year()) }, matches(
		`[12][0-9]{3}`, 4, "must be a year")},
	{"first_superuser", "The email address of the first account", func(map[string]string) string { return "admin@example.com" }, func(s string) string {
		if a, err := mail.ParseAddress(s); err != nil || a.Address != s || strings.ContainsAny(s, "\"'`\\$ ") || !strings.Contains(s, ".") {
			return "must be an email address"
		}
		return ""
	}},
	{"image", "The image that is deployed, with its registry", func(v map[string]string) string { return "registry.example.com/" + v["slug"] }, matches(
		`[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*`, 200, "must be the name of an image in lower case without a tag, such as registry.example.com/name")},
	{"stack", "The stack in development", func(v map[string]string) string { return v["slug"] }, wrongStack},
	{"stack_staging", "The stack for staging", func(map[string]string) string { return "stag" }, wrongStack},
	{"stack_production", "The stack in production", func(map[string]string) string { return "prod" }, wrongStack},
	{"key_prefix", "The two letters that API keys begin with", func(v map[string]string) string { return (initials(v["name"]) + "xx")[:2] }, matches(
		`[a-z]{2}`, 2, "must be two lower-case letters")},
	{"domain", "What the service is about, companies or item", func(map[string]string) string { return "item" }, matches(`[a-z]+`, 40, "must be a word")},
}

var notWord = regexp.MustCompile(`[^A-Za-z0-9]`)

var wrongStack = matches(`[a-z][a-z0-9]*(-[a-z0-9]+)*`, 30, "must have lower-case letters, digits and hyphens, and begin with a letter")

func matches(pattern string, longest int, otherwise string) func(string) string {
	re := regexp.MustCompile(`^(` + pattern + `)$`)
	return func(s string) string {
		if len(s) > longest {
			return fmt.Sprintf("must have at most %d bytes", longest)
		}
		if !re.MatchString(s) {
			return otherwise
		}
		return ""
	}
}

func wrongName(s string) string {
	if slices.Contains(yamlWords, strings.ToLower(s)) {
		return "is no text in YAML"
	}
	return matches(`[A-Za-z][A-Za-z0-9]*([ -][A-Za-z0-9]+)*`, 40,
		"must have letters and digits, with single spaces or hyphens between them, and begin with a letter")(s)
}

var yamlWords = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}

// reserved are slugs that Go, PostgreSQL or the house use for something else.
var reserved = []string{
	"main", "init", "internal", "vendor", "testdata", "documentation", "std", "cmd",
	"postgres", "template0", "template1", "public", "none",
	"pgtest", "newproject",
}

func wrongSlug(s string) string {
	switch {
	case token.IsKeyword(s) || types.Universe.Lookup(s) != nil:
		return "is a word of Go"
	case slices.Contains(reserved, s), slices.Contains(yamlWords, s):
		return "is used for something else"
	}
	return matches(`[a-z][a-z0-9]{2,}`, 20, "is no name of a Go package here: it must have three or more lower-case letters and digits, and begin with a letter")(s)
}

func cut(s string, n int) string { return s[:min(n, len(s))] }

// initials returns the first letters of a name's words, in lower case: "bc" of "Book Club" and of "BookClub".
func initials(name string) string {
	var s strings.Builder
	for _, word := range regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]`).FindAllString(name, -1) {
		s.WriteString(word[:1])
	}
	if s.Len() < 2 {
		return strings.ToLower(strings.Join(regexp.MustCompile(`[A-Za-z]+`).FindAllString(name, -1), ""))
	}
	return strings.ToLower(s.String())
}

// readProject reads a config or a project.yaml. The error names what is wrong with it, with its line.
func readProject(path string) (project, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return project{}, err
	}
	return parseProject(path, b)
}

func parseProject(path string, b []byte) (project, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return project{}, errors.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	p := project{vars: map[string]string{}}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return project{}, errors.Errorf("%s: line 1: no variables such as \"name: My Service\"", path)
	}
	known := []string{"template"}
	for _, v := range variables {
		known = append(known, v.name)
	}
	lines := map[string]int{}
	root := doc.Content[0]
	for i := 0; i < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		at := fmt.Sprintf("%s: line %d: ", path, key.Line)
		switch {
		case !slices.Contains(known, key.Value):
			return project{}, errors.Errorf("%sunknown key %q%s", at, key.Value, similar(key.Value, known))
		case lines[key.Value] != 0:
			return project{}, errors.Errorf("%s%s is in line %d, too", at, key.Value, lines[key.Value])
		case key.Value == "template":
			if err := p.template.decode(path, value); err != nil {
				return project{}, err
			}
		case value.Kind != yaml.ScalarNode:
			return project{}, errors.Errorf("%s%s must be one value", at, key.Value)
		default:
			p.vars[key.Value] = value.Value
		}
		lines[key.Value] = key.Line
	}
	for _, v := range variables {
		if lines[v.name] == 0 {
			return project{}, errors.Errorf("%s: line %d: the key %q is missing", path, root.Line, v.name)
		}
		if wrong := v.wrong(p.vars[v.name]); wrong != "" {
			return project{}, errors.Errorf("%s: line %d: %s %q %s", path, lines[v.name], v.name, p.vars[v.name], wrong)
		}
	}
	return p, nil
}

func (t *template) decode(path string, node *yaml.Node) error {
	fields := map[string]*string{"repository": &t.Repository, "revision": &t.Revision}
	if node.Kind != yaml.MappingNode {
		return errors.Errorf("%s: line %d: template must have a repository and a revision", path, node.Line)
	}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field, ok := fields[key.Value]
		if !ok {
			return errors.Errorf("%s: line %d: unknown key %q in template%s", path, key.Line, key.Value, similar(key.Value, []string{"repository", "revision"}))
		}
		*field = value.Value
	}
	for name, field := range fields {
		if *field == "" {
			return errors.Errorf("%s: line %d: template has no %s", path, node.Line, name)
		}
	}
	return nil
}

// similar asks whether one of the known words was meant, if one is near enough.
func similar(word string, known []string) string {
	best := slices.MinFunc(known, func(a, b string) int { return cmp.Compare(distance(word, a), distance(word, b)) })
	if distance(word, best) > max(1, min(len(word), len(best))/2) {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", best)
}

// distance returns how many letters must be added, removed or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}

// askProject asks for the variables.
func askProject(in io.Reader, out io.Writer) (project, error) {
	p := project{vars: map[string]string{}}
	answers := bufio.NewScanner(in)
	for _, v := range variables {
		for {
			standard := v.standard(p.vars)
			fmt.Fprintf(out, "%s (%s) [%s]: ", v.question, v.name, standard)
			if !answers.Scan() {
				fmt.Fprintln(out)
				return project{}, errors.Wrap(cmp.Or(answers.Err(), io.ErrUnexpectedEOF), "read the answer")
			}
			p.vars[v.name] = cmp.Or(strings.TrimSpace(answers.Text()), standard)
			wrong := v.wrong(p.vars[v.name])
			if wrong == "" {
				break
			}
			fmt.Fprintf(out, "%q %s.\n", p.vars[v.name], wrong)
		}
	}
	return p, nil
}

// file returns the project's project.yaml: that of the template, with its comments and its variables, and other values.
func (p project) file(of []byte) ([]byte, error) {
	var out bytes.Buffer
	for line := range bytes.Lines(of) {
		name, _, ok := strings.Cut(string(line), ":")
		if value, known := p.vars[name]; ok && known {
			b, err := yaml.Marshal(map[string]any{name: scalar(value)})
			if err != nil {
				return nil, errors.Wrapf(err, "write %s", name)
			}
			line = b
		}
		out.Write(line)
	}
	fmt.Fprintf(&out, `# Where the house comes from: newproject compares with this revision of it, and brings what later ones have.
template:
  repository: %s
  revision: %s
`, p.template.Repository, p.template.Revision)
	return out.Bytes(), nil
}

// scalar returns a variable's value as YAML would read it: a year is a number.
func scalar(value string) any {
	if n, err := strconv.Atoi(value); err == nil && strconv.Itoa(n) == value {
		return n
	}
	return value
}
