package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/errors"
)

// ownDomain is that of parts which no project has but the template.
const ownDomain = "template"

// marker is a comment at the end of a line: it begins or ends a part if nothing is before it.
var marker = regexp.MustCompile(`^(.*?)[ \t]*(?://|#|--|<!--|\{?/\*)[ \t]*newproject:([a-z]+)[ \t]*(?:-->|\*/\}?)?[ \t\r]*$`)

// takeParts deletes, in every file, the markers and the parts of other domains than the given one. It returns the paths of
// the files from which a part went.
func takeParts(files map[string]file, domains map[string]domain, keep string) (map[string]bool, error) {
	changed := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		f := files[path]
		if binary(f.content) || !strings.Contains(string(f.content), "newproject:") {
			continue
		}
		text, cut, err := takeFileParts(string(f.content), domains, keep)
		if err != nil {
			return nil, errors.Wrap(err, path)
		}
		f.content = []byte(text)
		files[path] = f
		if cut {
			changed[path] = true
		}
	}
	return changed, nil
}

func takeFileParts(text string, domains map[string]domain, keep string) (_ string, cut bool, err error) {
	var out []string
	var part string // the domain of the part, "" outside
	begin, gone := 0, false
	for i, line := range strings.SplitAfter(text, "\n") {
		m := marker.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			if part != "" && part != keep {
				cut, gone = true, true
				continue
			}
			// Where a part went, the empty line after it goes too, if one was before it.
			if gone && strings.TrimSpace(line) == "" && line != "" && (len(out) == 0 || strings.TrimSpace(out[len(out)-1]) == "") {
				gone = false
				continue
			}
			gone = false
			out = append(out, line)
			continue
		}
		before, domain := m[1], m[2]
		at := fmt.Sprintf("line %d: ", i+1)
		if _, ok := domains[domain]; !ok && domain != ownDomain && domain != "end" {
			return "", false, errors.Errorf("%snewproject:%s: there is no such domain", at, domain)
		}
		alone := strings.TrimSpace(before) == ""
		switch {
		case domain == "end" && (part == "" || !alone):
			return "", false, errors.Errorf("%snewproject:end without a beginning", at)
		case domain == "end":
			part = ""
		case part != "":
			return "", false, errors.Errorf("%snewproject:%s stands in the part that line %d begins", at, domain, begin)
		case alone:
			part, begin = domain, i+1
			gone = false
		case domain == keep:
			out = append(out, before+"\n")
		default:
			cut, gone = true, true
		}
	}
	if part != "" {
		return "", false, errors.Errorf("line %d: newproject:%s has no end", begin, part)
	}
	return strings.Join(out, ""), cut, nil
}
