package auth

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A password is taken for a row of pieces, and costs as many bits to guess as its cheapest pieces together: common
// passwords, words of its context, sequences, ways over the keyboard, repetitions, years, and single characters.

// minBits is what a password must cost: about what 3 of 4 is in zxcvbn.
const minBits = 32

// maxPiece bounds the characters of one piece, and so the work for a password.
const maxPiece = 32

type pieceKind int

const (
	personal pieceKind = iota
	common
	pattern
	single
)

//go:embed common.txt.gz
var commonFile []byte // written by scripts/update-common-passwords.sh

// commonBits are the common passwords, each with the logarithm of its rank.
var commonBits = sync.OnceValue(func() map[string]float32 {
	zip, err := gzip.NewReader(bytes.NewReader(commonFile))
	if err != nil {
		panic(err)
	}
	bits := map[string]float32{}
	lines := bufio.NewScanner(zip)
	for rank := 2.0; lines.Scan(); rank++ {
		bits[lines.Text()] = float32(math.Log2(rank))
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
	return bits
})

// guess returns how many bits a password costs, and what most of the guessable characters in it are.
func guess(password string, context []string) (bits float64, kind pieceKind) {
	p := pieces{text: []rune(strings.ToLower(norm.NFC.String(password))), context: contextWords(context)}
	for _, as := range []string{"i", "l"} {
		p.read = append(p.read, []rune(strings.NewReplacer("0", "o", "1", as, "3", "e", "4", "a", "5", "s", "7", "t",
			"8", "b", "9", "g", "@", "a", "$", "s", "!", as, "|", as, "+", "t").Replace(string(p.text))))
	}
	type end struct {
		bits float64
		from int
		kind pieceKind
	}
	best := make([]end, len(p.text)+1)
	for i := 1; i < len(best); i++ {
		best[i].bits = math.Inf(1)
		for j := max(0, i-maxPiece); j < i; j++ {
			if bits, kind := p.cost(j, i); best[j].bits+bits < best[i].bits {
				best[i] = end{best[j].bits + bits, j, kind}
			}
		}
	}
	var chars [single]int
	for i := len(p.text); i > 0; i = best[i].from {
		if k := best[i].kind; k < single {
			chars[k] += i - best[i].from
		}
	}
	kind = pattern
	for _, k := range []pieceKind{common, personal} {
		if chars[k] > 0 && chars[k] >= chars[kind] {
			kind = k
		}
	}
	return best[len(p.text)].bits, kind
}

// contextWords are the texts of a context as a whole, in words, and without what parts these.
func contextWords(context []string) map[string]bool {
	words := map[string]bool{}
	for _, text := range append(context, "edgevalue") {
		text = strings.ToLower(norm.NFC.String(text))
		parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		parts = append(parts, text, strings.Join(parts, ""))
		if local, domain, ok := strings.Cut(text, "@"); ok {
			parts = append(parts, local, domain)
		}
		for _, w := range parts {
			if len([]rune(w)) >= 3 {
				words[w] = true
			}
		}
	}
	return words
}

type pieces struct {
	text    []rune   // in lower case
	read    [][]rune // with letters for the digits and signs that stand for them
	context map[string]bool
}

// cost is what the cheapest reading of text[from:to] as one piece costs.
func (p *pieces) cost(from, to int) (bits float64, kind pieceKind) {
	piece := p.text[from:to]
	bits, kind = math.Inf(1), single
	cheaper := func(b float64, k pieceKind) {
		if b < bits {
			bits, kind = b, k
		}
	}
	if len(piece) == 1 {
		return characterBits(piece[0]), single
	}
	if n := len(piece); from >= n && slices.Equal(piece, p.text[from-n:from]) {
		cheaper(2, pattern)
	}
	if len(piece) < 3 {
		return bits, kind
	}
	if p.context[string(piece)] {
		return 2, personal
	}
	reversed := slices.Clone(piece)
	slices.Reverse(reversed)
	for i, reading := range [][]rune{piece, p.read[0][from:to], p.read[1][from:to], reversed} {
		more := float64(min(i, 1)) // for another spelling
		if b, ok := commonBits()[string(reading)]; ok {
			cheaper(float64(b)+more, common)
		}
		if i > 0 && p.context[string(reading)] {
			cheaper(2+more, personal)
		}
	}
	if isSequence(piece) {
		cheaper(4+math.Log2(float64(len(piece))), pattern)
		kind = pattern // even if it is a common password, too
	}
	if turns, ok := isWalk(piece); ok {
		cheaper(5+float64(turns), pattern)
		kind = pattern
	}
	if century := string(piece[:2]); len(piece) == 4 && (century == "19" || century == "20") && isDigit(piece[2]) && isDigit(piece[3]) {
		cheaper(5, pattern)
	}
	return bits, kind
}

// characterBits is the cost of a character that belongs to nothing. Digits come in dates and telephone numbers, and
// other signs between words.
func characterBits(r rune) float64 {
	switch {
	case isDigit(r):
		return 2.5
	case r < unicode.MaxASCII && !unicode.IsLetter(r):
		return 3.5
	case r < unicode.MaxASCII:
		return 4.5
	}
	return 6
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// isSequence reports whether each character follows from the one before it by the same step: aaa, abc, cba, 890, 1357.
func isSequence(s []rune) bool {
	digits := !slices.ContainsFunc(s, func(r rune) bool { return !isDigit(r) })
	step := func(i int) rune {
		d := s[i] - s[i-1]
		if digits {
			d = (d + 10) % 10
		}
		return d
	}
	first := step(1)
	if !digits && (first < -1 || first > 1) {
		return false
	}
	for i := 2; i < len(s); i++ {
		if step(i) != first {
			return false
		}
	}
	return true
}

// keys are the places of the characters on a keyboard whose rows are moved to the right by half a key each.
var keys = func() map[rune][2]int {
	at := map[rune][2]int{}
	for y, row := range []string{"1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"} {
		for x, r := range row {
			at[r] = [2]int{x, y}
		}
	}
	for shifted, r := range map[rune]rune{'!': '1', '@': '2', '#': '3', '$': '4', '%': '5', '^': '6', '&': '7', '*': '8', '(': '9', ')': '0', '_': '-'} {
		at[shifted] = at[r]
	}
	return at
}()

// isWalk reports whether each key is beside the one before it or the same, and how often the direction changes.
func isWalk(s []rune) (turns int, ok bool) {
	var last [2]int
	for i := range s {
		to, ok := keys[s[i]]
		if !ok {
			return 0, false
		}
		if i == 0 {
			continue
		}
		from := keys[s[i-1]]
		step := [2]int{to[0] - from[0], to[1] - from[1]}
		switch step {
		case [2]int{0, 0}, [2]int{1, 0}, [2]int{-1, 0}, [2]int{0, 1}, [2]int{0, -1}, [2]int{1, -1}, [2]int{-1, 1}:
		default:
			return 0, false
		}
		if i > 1 && step != last {
			turns++
		}
		last = step
	}
	return turns, true
}
