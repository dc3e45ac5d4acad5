package api

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/app"
)

const (
	multipartType = "multipart/form-data"
	maxAround     = 64 << 10 // bytes of a form before its file, and as many after it
	maxBoundary   = 70       // characters, as RFC 2046 has it
	maxFileName   = 255      // characters, as those of file_name
)

// A formFile is the file in a form: the content of its only part, which is called file. It is read as it comes in.
// Errors of reading: 422 when the form has other parts, 400 when it is none or breaks off, 413, and those of the body.
type formFile struct {
	io.Closer
	in   around
	form *multipart.Reader
	part *multipart.Part // nil before the file begins
	err  error           // of all that is read from now on
}

// openForm returns the file in the body of a request, and nil if it is no form, but the file itself.
func openForm(r *http.Request) *formFile {
	header := r.Header.Get("Content-Type")
	kind, _, _ := strings.Cut(header, ";")
	if kind = strings.ToLower(strings.TrimSpace(kind)); !strings.HasPrefix(kind, "multipart/") {
		return nil
	}
	if kind != multipartType {
		return &formFile{Closer: r.Body, err: &statusError{http.StatusUnsupportedMediaType, errors.New("a form must be " + multipartType)}}
	}
	// The last line may lack its end. After it errOpenForm is the end of the body, and io.EOF that of the form.
	whole := io.MultiReader(r.Body, strings.NewReader("\r\n"), failing{errOpenForm})
	f := &formFile{Closer: r.Body, in: around{Reader: whole, left: maxAround}}
	_, params, err := mime.ParseMediaType(header)
	if n := len(params["boundary"]); err != nil || n == 0 || n > maxBoundary {
		f.err = unreadable(fmt.Sprintf("the Content-Type %s needs a boundary of 1 to %d characters", multipartType, maxBoundary))
	}
	f.form = multipart.NewReader(&f.in, params["boundary"])
	return f
}

func (f *formFile) Read(b []byte) (n int, err error) {
	if f.err == nil && f.part == nil {
		f.err = f.begin()
	}
	if f.err != nil {
		return 0, f.err
	}
	n, err = f.part.Read(b)
	switch {
	case errors.Is(err, io.EOF):
		f.err = f.end()
	case err != nil:
		f.err = f.explain(err)
	}
	return n, f.err
}

// begin reads up to the file.
func (f *formFile) begin() error {
	part, err := f.form.NextRawPart()
	switch {
	case errors.Is(err, io.EOF):
		return invalidPart("file", "is required")
	case errors.Is(err, errOpenForm) && err != errOpenForm: //nolint:errorlint // it comes alone within a part
		return unreadable("the form has no part that begins with the boundary of its Content-Type")
	case err != nil:
		return f.explain(err)
	case part.FormName() != "file":
		return unknownPart(part)
	}
	coding := strings.ToLower(part.Header.Get("Content-Transfer-Encoding"))
	if !slices.Contains([]string{"", "binary", "8bit", "7bit"}, coding) {
		return invalidPart("file", "must be sent as it is, without Content-Transfer-Encoding")
	}
	f.part, f.in.left = part, unlimited
	return nil
}

// end reads what follows the file, and returns io.EOF if that is the end of the form.
func (f *formFile) end() error {
	f.in.left = maxAround
	part, err := f.form.NextRawPart()
	switch {
	case errors.Is(err, io.EOF):
		if _, err := io.Copy(io.Discard, &f.in); !errors.Is(err, errOpenForm) {
			return f.explain(err)
		}
		return io.EOF
	case err != nil:
		return f.explain(err)
	case part.FormName() == "file":
		return invalidPart("file", "must be given once")
	}
	return unknownPart(part)
}

// explain says why the form cannot be read.
func (f *formFile) explain(err error) error {
	switch {
	case f.in.err != nil:
		return f.in.err
	case errors.Is(err, errOpenForm):
		return errOpenForm
	case f.part == nil:
		return unreadable("the form is malformed before its file")
	}
	return unreadable("the form is malformed after its file")
}

var errOpenForm = unreadable("the body breaks off before the closing boundary of its form")

func unreadable(why string) error { return &statusError{http.StatusBadRequest, errors.New(why)} }

func unknownPart(part *multipart.Part) error {
	name := part.FormName()
	if name == "" || !isText(name) {
		return &app.Error{Code: app.Invalid, Message: "the form has invalid parts", Fields: []app.FieldError{{
			Field: "", Message: "has a part whose Content-Disposition does not name it",
		}}}
	}
	return invalidPart(name, "is not a part of this form, which has the file alone: parameters are in the query")
}

// ofPart names the part of a form in what is wrong with its file.
func ofPart(err error) error {
	e, ok := errors.Into[*app.Error](err)
	if !ok || len(e.Fields) != 1 || e.Fields[0].Field != "" {
		return err
	}
	named := *e
	named.Fields = []app.FieldError{{Field: "/file", Message: e.Fields[0].Message}}
	return &named
}

func invalidPart(name, message string) error {
	return &app.Error{
		Code: app.Invalid, Message: "the form has invalid parts", Fields: []app.FieldError{{Field: "/" + escape(name), Message: message}},
	}
}

// fileName is what the form calls the file, as far as it can be shown, once its content has been read; nil for none.
func (f *formFile) fileName() *string {
	if f.part == nil {
		return nil
	}
	_, params, err := mime.ParseMediaType(f.part.Header.Get("Content-Disposition"))
	if err != nil {
		return nil
	}
	name := browserEscapes.Replace(params["filename"])
	name = shown(name[strings.LastIndexAny(name, `/\`)+1:], maxFileName)
	if name == "" {
		return nil
	}
	return &name
}

// browserEscapes are those that browsers have in the names of a form (multipart/form-data in the HTML standard).
var browserEscapes = strings.NewReplacer("%22", `"`, "%0D", " ", "%0A", " ")

const unlimited = -1

// An around reads a form, and no more than left bytes of it; any number if that is unlimited.
type around struct {
	io.Reader
	left int64
	err  error // why no more can be read, but for the end
}

func (a *around) Read(b []byte) (int, error) {
	if a.left == 0 && len(b) > 0 {
		a.err = &statusError{http.StatusRequestEntityTooLarge, errors.Errorf("the form has more than %d bytes beside its file", maxAround)}
		return 0, a.err
	}
	if a.left != unlimited {
		b = b[:min(int64(len(b)), a.left)]
	}
	n, err := a.Reader.Read(b)
	if a.left != unlimited {
		a.left -= int64(n)
	}
	if err != nil && !errors.Is(err, errOpenForm) {
		a.err = err
	}
	return n, err
}
