package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
)

// appendEncoders makes functions that append to a slice of bytes of those that ogen encodes JSON with. Theirs write each name of a
// field anew, and each value through the encoder's state of commas. Encode stays as it is for callers. Objects that are maps get
// their keys in order, so that the same answer is the same bytes: ogen ranges over Go maps.
//
// For what ogen may write and appendEncoders does not know, it has the encoder write that value (wire.Encoded); what it cannot read
// at all is an error.
func appendEncoders(text []byte) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", text, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var (
		out     bytes.Buffer
		done    int // what is in out, of text
		objects int
	)
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv == nil || appended[f.Name.Name] == "" {
			continue
		}
		r := rewrite{text: text, of: files.File(file.Pos()), element: f.Name.Name == "encodeTuple"}
		to := r.method(f)
		if r.err != nil {
			return nil, r.err
		}
		start, end := r.of.Offset(f.Pos()), r.of.Offset(f.End())
		switch {
		case f.Name.Name != "Encode":
			objects++
			if f.Doc != nil {
				start = r.of.Offset(f.Doc.Pos())
			}
			out.Write(text[done:start])
			out.WriteString(to)
		case strings.Contains(r.source(f.Body), ".encode"): // with methods that are no more
			out.Write(text[done:r.of.Offset(f.Body.Pos())])
			fmt.Fprintf(&out, "{\ne.RawStr(\"\") // the comma, where one is due\ne.SetBytes(%s.appendJSON(e.Bytes()))\n}\n\n%s",
				f.Recv.List[0].Names[0].Name, to)
		default: // what is right for every encoder, with the objects in it
			out.Write(text[done:end])
			out.WriteString("\n\n" + to)
		}
		done = end
	}
	out.Write(text[done:])
	if left := bytes.Count(out.Bytes(), []byte("FieldStart(")); objects == 0 || left > 0 {
		return nil, errors.Errorf("ogen encodes objects in another form, %d fields of them", left)
	}
	return importingWire(out.Bytes())
}

// appended are the methods that are made, by those that they are made of.
var appended = map[string]string{"Encode": "appendJSON", "encodeFields": "appendFields", "encodeTuple": "appendElements"}

// A rewrite is that of one method.
type rewrite struct {
	text    []byte
	of      *token.File
	out     strings.Builder
	later   bool // whether a field was written before, whatever the conditions
	element bool // whether values are those of an array
	err     error
}

func (r *rewrite) source(n ast.Node) string {
	return string(r.text[r.of.Offset(n.Pos()):r.of.Offset(n.End())])
}

func (r *rewrite) printf(format string, args ...any) { fmt.Fprintf(&r.out, format+"\n", args...) }

func (r *rewrite) method(f *ast.FuncDecl) string {
	format := ""
	if params := f.Type.Params.List; len(params) == 2 {
		of := params[1].Type.(*ast.FuncType).Params.List[1].Type
		format = ", format func([]byte, " + r.source(of) + ") []byte"
	}
	r.printf("func (%s) %s(b []byte%s) []byte {", r.source(f.Recv.List[0]), appended[f.Name.Name], format)
	r.statements(f.Body.List)
	r.printf("return b\n}")
	return r.out.String()
}

func (r *rewrite) statements(list []ast.Stmt) {
	for _, s := range list {
		r.statement(s)
	}
}

// branch is statements that are not always run, after a header, and says whether there is a field before what follows.
func (r *rewrite) branch(header string, list []ast.Stmt) (later bool) {
	before := r.later
	r.printf("%s", header)
	r.statements(list)
	later, r.later = r.later, before
	return later
}

func (r *rewrite) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.BlockStmt:
		if r.plain(s.List) {
			r.statements(s.List)
			return
		}
		later := r.branch("{", s.List)
		r.printf("}")
		r.later = later
		return
	case *ast.IfStmt:
		r.conditional(s)
		return
	case *ast.RangeStmt:
		r.loop(s)
		return
	case *ast.SwitchStmt:
		r.printf("%s{", r.text[r.of.Offset(s.Pos()):r.of.Offset(s.Body.Pos())])
		for _, c := range s.Body.List {
			c := c.(*ast.CaseClause)
			r.branch(string(r.text[r.of.Offset(c.Pos()):r.of.Offset(c.Colon)+1]), c.Body)
		}
		r.printf("}")
		return
	case *ast.ReturnStmt:
		if len(s.Results) == 0 {
			r.printf("return b")
			return
		}
	case *ast.ExprStmt:
		if call, ok := s.X.(*ast.CallExpr); ok && mentions(call, "e") {
			r.call(call)
			return
		}
	}
	if mentions(s, "e") {
		r.err = errors.Errorf("ogen encodes in another form: %q", r.source(s))
		return
	}
	r.printf("%s", r.source(s))
}

// plain reports whether statements declare nothing.
func (r *rewrite) plain(list []ast.Stmt) bool {
	for _, s := range list {
		switch s.(type) {
		case *ast.ExprStmt, *ast.IfStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.BlockStmt:
		default:
			return false
		}
	}
	return true
}

func (r *rewrite) conditional(s *ast.IfStmt) {
	later := r.branch(string(r.text[r.of.Offset(s.Pos()):r.of.Offset(s.Body.Lbrace)+1]), s.Body.List)
	switch other := s.Else.(type) {
	case nil:
		r.printf("}")
		return
	case *ast.BlockStmt:
		later = r.branch("} else {", other.List) && later
		r.printf("}")
		r.later = later
	default:
		r.err = errors.Errorf("ogen encodes in another form: %q", r.source(s))
	}
}

func (r *rewrite) loop(s *ast.RangeStmt) {
	list, of := s.Body.List, r.source(s.X)
	if key, ok := s.Key.(*ast.Ident); ok && key.Name != "_" { // a map
		r.branch(fmt.Sprintf("for _, %s := range wire.Keys(%s) {\n%s := %[2]s[%[1]s]", key.Name, of, r.source(s.Value)), list)
	} else {
		before := r.element
		r.element = true
		r.branch(fmt.Sprintf("for _, %s := range %s {", r.source(s.Value), of), list)
		r.element = before
	}
	r.printf("}")
}

// value has an element's comma written before what follows.
func (r *rewrite) value() {
	if r.element {
		r.printf("b = wire.Comma(b)")
	}
}

// raw are the values that wire has functions for, by those of the encoder.
var raw = map[string]string{
	"Str": "String", "Bool": "Bool", "Int": "Int", "Int8": "Int", "Int16": "Int", "Int32": "Int", "Int64": "Int",
	"EncodeDate": "Date", "EncodeDateTime": "DateTime", "EncodeDecimal": "Decimal",
}

func (r *rewrite) call(c *ast.CallExpr) {
	var on, name string
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		on, name = r.source(f.X), f.Sel.Name
	case *ast.Ident:
		name = f.Name
	}
	switch to := raw[name]; {
	case on == "e" && name == "FieldStart":
		r.field(c.Args[0])
	case on == "e" && name == "ObjEnd":
		r.printf("b = append(b, '}')")
	case on == "e" && name == "ArrEnd":
		r.printf("b = append(b, ']')")
	case name != "Encode" && appended[name] != "":
		r.printf("b = %s.%s(b)", on, appended[name])
		r.later = false // as far as is known
	default:
		r.value()
		switch {
		case on == "e" && name == "ObjStart":
			r.printf("b = append(b, '{')")
		case on == "e" && name == "ArrStart":
			r.printf("b = append(b, '[')")
		case on == "e" && name == "Null":
			r.printf("b = append(b, \"null\"...)")
		case on == "e" && name == "Raw":
			r.printf("b = append(b, %s...)", r.source(c.Args[0]))
		case on == "e" && to != "":
			r.printf("b = wire.%s(b, %s)", to, r.source(c.Args[0]))
		case on == "json" && to != "":
			r.printf("b = wire.%s(b, %s)", to, r.source(c.Args[1]))
		case on == "" && name == "format":
			r.printf("b = format(b, %s)", r.source(c.Args[1]))
		case name == "Encode" && len(c.Args) == 1:
			r.printf("b = %s.appendJSON(b)", on)
		case name == "Encode" && raw[strings.TrimPrefix(r.source(c.Args[1]), "json.")] != "":
			r.printf("b = %s.appendJSON(b, wire.%s)", on, raw[strings.TrimPrefix(r.source(c.Args[1]), "json.")])
		default:
			r.printf("b = wire.Encoded(b, func(e *jx.Encoder) { %s })", r.source(c))
		}
	}
}

// field writes the comma before a field, its name and the colon.
func (r *rewrite) field(name ast.Expr) {
	literal, ok := name.(*ast.BasicLit)
	if !ok {
		r.printf("b = wire.Comma(b)\nb = wire.String(b, %s)\nb = append(b, ':')", r.source(name))
	} else {
		comma := ","
		if !r.later {
			r.printf("b = wire.Comma(b)")
			comma = ""
		}
		r.printf("b = append(b, %s...)", quoted(comma, literal.Value))
	}
	r.later, r.element = true, false
}

// quoted is a Go literal of a comma, if any, and a name as JSON; the name is the value of another literal.
func quoted(comma, literal string) string {
	name, err := strconv.Unquote(literal)
	if err != nil {
		panic(err) // go/parser has read it
	}
	var w jx.Writer
	w.RawStr(comma)
	w.FieldStart(name)
	if text := w.String(); strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(w.String())
}

func mentions(n ast.Node, name string) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}
