package metric

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-faster/errors"
)

// The language of formulas: numbers and names with + - x / and brackets, comparisons, "and" and "or", and
//   - ttm.a: a over twelve months; -1.a: a of one year ago; a[k]: a if known, else 0;
//   - avg(a): (a + -1.a) / 2; sqrt(a); first(a, b): a if known, else b;
//   - tax_rate(tax, profit): 0 if profit is not above 0, else tax / profit, at least 0 and at most 1.

// syntax is a formula, or a part of one, as it is written.
type syntax struct {
	op   string // an operator or function; "number", "name"
	args []syntax
	num  *big.Rat
	text string // of a number
	name string
	ago  int // years
	ttm  bool
	opt  bool // [k]
}

var (
	token = regexp.MustCompile(`^(?:-[0-9]+\.[a-zA-Z]|[0-9][0-9,]*(?:\.[0-9]+)?|[a-zA-Z_][a-zA-Z0-9_.]*(?:\[k\])?|<=|>=|[-+/()<>,])`)
	ago   = regexp.MustCompile(`^-([0-9]+)\.[a-zA-Z]$`)
)

type parser struct {
	tokens []string
}

// parse reads a formula.
func parse(formula string) (s syntax, err error) {
	tokens, err := lex(formula)
	if err != nil {
		return s, err
	}
	defer func() {
		if r := recover(); r != nil {
			err = errors.Errorf("%s: %v", formula, r)
		}
	}()
	p := &parser{tokens}
	s = p.binary(0)
	if len(p.tokens) > 0 {
		return s, errors.Errorf("%s: %q left over", formula, p.tokens)
	}
	return s, nil
}

func lex(formula string) (tokens []string, err error) {
	for rest := strings.TrimSpace(formula); rest != ""; rest = strings.TrimSpace(rest) {
		t := token.FindString(rest)
		if t == "" {
			return nil, errors.Errorf("%s: cannot read %q", formula, rest)
		}
		if ago.MatchString(t) {
			t = t[:len(t)-1] // the name follows
		}
		tokens = append(tokens, t)
		rest = rest[len(t):]
	}
	return tokens, nil
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	t := p.peek()
	if t == "" {
		panic("it ends too early")
	}
	p.tokens = p.tokens[1:]
	return t
}

func (p *parser) expect(t string) {
	if got := p.next(); got != t {
		panic(fmt.Sprintf("%q where %q should be", got, t))
	}
}

// levels are the operators, those that bind least first.
var levels = [][]string{{"or"}, {"and"}, {"<", ">", "<=", ">="}, {"+", "-"}, {"x", "/"}}

func (p *parser) binary(level int) syntax {
	if level == len(levels) {
		return p.primary()
	}
	left := p.binary(level + 1)
	for slices.Contains(levels[level], p.peek()) {
		op := p.next()
		left = syntax{op: op, args: []syntax{left, p.binary(level + 1)}}
	}
	return left
}

// arities are the functions, by the number of their arguments.
var arities = map[string]int{"avg": 1, "sqrt": 1, "first": 2, "tax_rate": 2}

func (p *parser) primary() syntax {
	t := p.next()
	years := 0
	if strings.HasPrefix(t, "-") && len(t) > 1 {
		years, _ = strconv.Atoi(strings.Trim(t, "-."))
		t = p.next()
	}
	switch {
	case t == "(":
		s := p.binary(0)
		p.expect(")")
		return s
	case t == "-": // of a number
		n := p.primary()
		return syntax{op: "number", num: new(big.Rat).Neg(n.num), text: "-" + n.text}
	case arities[t] > 0 && p.peek() == "(":
		s := syntax{op: t}
		p.expect("(")
		for i := range arities[t] {
			if i > 0 {
				p.expect(",")
			}
			s.args = append(s.args, p.binary(0))
		}
		p.expect(")")
		return s
	case t[0] >= '0' && t[0] <= '9':
		n, ok := new(big.Rat).SetString(strings.ReplaceAll(t, ",", ""))
		if !ok {
			panic(t)
		}
		return syntax{op: "number", num: n, text: t}
	case token.MatchString(t) && t[0] != ')' && t[0] != ',':
		s := syntax{op: "name", ago: years}
		s.name, s.opt = strings.CutSuffix(t, "[k]")
		s.name, s.ttm = strings.CutPrefix(s.name, "ttm.")
		return s
	}
	panic(fmt.Sprintf("%q", t))
}
