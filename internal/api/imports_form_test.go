package api_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-faster/errors"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
)

// formOf is a form with a file, and the Content-Type that says its boundary.
func formOf(t testing.TB, fileName string, file []byte) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", fileName)
	require.NoError(t, err)
	_, err = part.Write(file)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes(), w.FormDataContentType()
}

// A file of each kind has the same import whether it is sent in a form or alone.
func TestFilesInForms(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	alone, inForm := unique("A"), unique("F")
	f.createCompany(alone)
	f.createCompany(inForm)
	for name, c := range map[string]struct {
		kind string // %s is the ticker
		file func(ticker string, cik int64) []byte
	}{
		"companies": {"companies", func(ticker string, cik int64) []byte {
			return fmt.Appendf(nil, `{"0":{"cik_str":%d,"ticker":"%s.C","title":"Example"}}`, cik, ticker)
		}},
		"facts":            {"sec-company-facts?ticker=%s.F", func(_ string, cik int64) []byte { return facts(cik, first2020) }},
		"compressed facts": {"sec-company-facts?ticker=%s.Z", func(_ string, cik int64) []byte { return compressed(facts(cik, first2020)) }},
		"prices":           {"prices?ticker=%s", func(string, int64) []byte { return []byte("date,close\r\n2020-01-02,1.5\r\n") }},
		"prices of many": {"prices", func(ticker string, _ int64) []byte {
			return []byte("ticker,date,close\n" + ticker + ",2020-01-03,1.5\n")
		}},
		"splits": {"splits", func(ticker string, _ int64) []byte {
			return []byte("ticker,effective_date,ratio\n" + ticker + ",2014-06-09,7\n")
		}},
		"exchange rates": {"exchange-rates", func(string, int64) []byte {
			return []byte("date,base,quote,rate\n2024-01-02,EUR,USD,1.0956\n")
		}},
	} {
		kind := func(ticker string) string {
			if strings.Contains(c.kind, "%s") {
				return fmt.Sprintf(c.kind, ticker)
			}
			return c.kind
		}
		want := f.finished(f.upload(kind(alone), c.file(alone, uniqueCIK())).ID)
		body, contentType := formOf(t, name+".csv", c.file(inForm, uniqueCIK()))
		res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/"+kind(inForm), bytes.NewReader(body), "Content-Type", contentType)
		require.Equal(t, http.StatusAccepted, res.StatusCode, "%s: %s", name, out)
		queued := decodeImport(t, out)
		assert.Equal(t, oas.NewNilString(name+".csv"), queued.FileName)
		got := f.finished(queued.ID)
		require.Equal(t, want.State, got.State, "%s: %s", name, got.Error.Value)
		assert.Equal(t, []any{want.Kind, want.Total, want.Skipped, want.Written + want.Unchanged, want.Report, want.Warning},
			[]any{got.Kind, got.Total, got.Skipped, got.Written + got.Unchanged, got.Report, got.Warning}, name)
	}
	assert.Equal(t, f.lines(alone), f.lines(inForm))
	require.Len(t, f.lines(inForm), 2)
}

func decodeImport(t testing.TB, body []byte) *oas.Import {
	t.Helper()
	var im oas.Import
	require.NoError(t, im.UnmarshalJSON(body), "%s", body)
	return &im
}

const splitsFile = "ticker,effective_date,ratio\n"

// zipOf is a zip file of one file.
func zipOf(t testing.TB, file string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("a.csv")
	require.NoError(t, err)
	_, err = io.WriteString(w, file)
	require.NoError(t, errors.Join(err, z.Close()))
	return b.Bytes()
}

// The form is read by the contract's words: its mistakes are told, and leave nothing behind.
func TestMistakesOfForms(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	const (
		kind = "multipart/form-data; boundary=b"
		file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n" + splitsFile + "\r\n"
		end  = "--b--\r\n"
	)
	part := func(name, content string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n"
	}
	zip := string(zipOf(t, splitsFile))
	for name, c := range map[string]struct {
		kind, body     string
		status         int
		field, message string // of the only error; or the detail
	}{
		"no part":              {kind, end, 422, "/file", "is required"},
		"only a preamble":      {kind, "This is a form.\r\n" + end, 422, "/file", "is required"},
		"two files":            {kind, file + file + end, 422, "/file", "must be given once"},
		"two zip files":        {kind, part("file", zip) + part("file", zip) + end, 422, "/file", "must be given once"},
		"another part before":  {kind, part("ticker", "AAPL") + file + end, 422, "/ticker", "is not a part of this form, which has the file alone: parameters are in the query"},
		"another part behind":  {kind, file + part("a/b", strings.Repeat("x", 1<<20)) + end, 422, "/a~1b", "is not a part of this form, which has the file alone: parameters are in the query"},
		"another part alone":   {kind, part("files[]", splitsFile) + end, 422, "/files[]", "is not a part of this form, which has the file alone: parameters are in the query"},
		"a part without name":  {kind, "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + end, 422, "", "has a part whose Content-Disposition does not name it"},
		"a part with nothing":  {kind, "--b\r\n\r\nx\r\n" + end, 422, "", "has a part whose Content-Disposition does not name it"},
		"a name of no text":    {kind, part("\xff", "x") + end, 422, "", "has a part whose Content-Disposition does not name it"},
		"base64":               {kind, strings.Replace(file, "\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1) + end, 422, "/file", "must be sent as it is, without Content-Transfer-Encoding"},
		"an empty file":        {kind, part("file", "") + end, 422, "/file", "is empty"},
		"half a zip file":      {kind, part("file", zip[:40]) + end, 422, "/file", "is not a whole zip file"},
		"another kind of form": {"multipart/mixed; boundary=b", file + end, 415, "", "a form must be multipart/form-data"},
		"no boundary":          {"multipart/form-data", file + end, 400, "", "the Content-Type multipart/form-data needs a boundary of 1 to 70 characters"},
		"an empty boundary":    {"multipart/form-data; boundary=", file + end, 400, "", "the Content-Type multipart/form-data needs a boundary of 1 to 70 characters"},
		"two boundaries":       {"multipart/form-data; boundary=b; boundary=c", file + end, 400, "", "the Content-Type multipart/form-data needs a boundary of 1 to 70 characters"},
		"a long boundary":      {"Multipart/Form-Data;boundary=" + strings.Repeat("b", 71), file + end, 400, "", "the Content-Type multipart/form-data needs a boundary of 1 to 70 characters"},
		"another boundary":     {"multipart/form-data; boundary=c", file + end, 400, "", "the form has no part that begins with the boundary of its Content-Type"},
		"no form":              {kind, splitsFile, 400, "", "the form has no part that begins with the boundary of its Content-Type"},
		"nothing":              {kind, "", 400, "", "the form has no part that begins with the boundary of its Content-Type"},
		"no line":              {kind, strings.Repeat("x", 10_000) + "\r\n" + file + end, 400, "", "the form is malformed before its file"},
		"a header of no name":  {kind, "--b\r\nfile\r\n\r\nx\r\n" + end, 400, "", "the form is malformed before its file"},
		"within a header":      {kind, "--b\r\nContent-Disposition: form-data; na", 400, "", "the body breaks off before the closing boundary of its form"},
		"within the file":      {kind, strings.TrimSuffix(file, "ratio\n\r\n"), 400, "", "the body breaks off before the closing boundary of its form"},
		"after the file":       {kind, file, 400, "", "the body breaks off before the closing boundary of its form"},
		"within the boundary":  {kind, file + "--b-", 400, "", "the body breaks off before the closing boundary of its form"},
		"after the boundary":   {kind, file + "--b", 400, "", "the body breaks off before the closing boundary of its form"},
		"a zip file, then end": {kind, part("file", zip), 400, "", "the body breaks off before the closing boundary of its form"},
		"a long preamble":      {kind, strings.Repeat(strings.Repeat("x", 1000)+"\r\n", 66) + file + end, 413, "", "the form has more than 65536 bytes beside its file"},
		"a long header":        {kind, "--b\r\nX-Filler: " + strings.Repeat("x", 1<<20) + "\r\n" + file + end, 413, "", "the form has more than 65536 bytes beside its file"},
		"a long end":           {kind, file + end + strings.Repeat("x", 70<<10), 413, "", "the form has more than 65536 bytes beside its file"},
	} {
		for _, sized := range []bool{true, false} {
			var body io.Reader = strings.NewReader(c.body)
			if !sized {
				body = io.MultiReader(body) // in chunks
			}
			res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/splits", body, "Content-Type", c.kind, "Expect", "100-continue")
			requireProblem(t, res, out, c.status, name)
			p := decodeProblem(t, out)
			if c.status != http.StatusUnprocessableEntity {
				assert.Equal(t, c.message, p.Detail.Value, name)
				continue
			}
			assert.Equal(t, []oas.FieldError{{Field: c.field, Message: c.message}}, p.Errors, name)
			requireWords(t, out, name)
		}
	}
	assert.Equal(t, 0, f.count("SELECT (SELECT count(*) FROM import) + (SELECT count(*) FROM document) + (SELECT count(*) FROM upload)"))

	t.Log("what looks odd and is fine")
	for name, body := range map[string]string{
		"no line at the end":   file + "--b--",
		"a preamble, an end":   "A form\r\n" + file + "--b--\r\nThat was it.\r\n",
		"line feeds alone":     strings.ReplaceAll(file+end, "\r\n", "\n"),
		"no file name":         part("file", splitsFile) + end,
		"something like a end": part("file", splitsFile+"\r\n--bc--") + end,
		"another type of part": strings.Replace(file, "\r\n\r\n", "\r\nContent-Type: text/csv\r\nContent-Transfer-Encoding: binary\r\n\r\n", 1) + end,
	} {
		res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/splits", strings.NewReader(body), "Content-Type", kind)
		assert.Equal(t, http.StatusAccepted, res.StatusCode, "%s: %s", name, out)
	}
	for token, status := range map[string]int{"": 401, f.userToken: 403} {
		res, out := f.call(token, http.MethodPost, api.Prefix+"/imports/splits", strings.NewReader(splitsFile), "Content-Type", "multipart/form-data")
		requireProblem(t, res, out, status, "the form of who may not send one")
	}
	res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/companies", strings.NewReader(file+end), "Content-Type", kind)
	requireProblem(t, res, out, http.StatusUnsupportedMediaType, "a form where none is taken")
}

// A form that is refused at its first part is answered while it is still being sent, whoever asked for leave to send it.
func TestLongFormsAreToldWhy(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	form := "--b\r\nContent-Disposition: form-data; name=\"ticker\"\r\n\r\n" + strings.Repeat("x", 16<<20) + "\r\n--b--\r\n"
	for range 10 {
		for _, expect := range []string{"", "100-continue"} {
			res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/splits", strings.NewReader(form),
				"Content-Type", "multipart/form-data; boundary=b", "Expect", expect)
			requireProblem(t, res, out, http.StatusUnprocessableEntity, "Expect: "+expect)
		}
	}
}

// Browsers escape quotes in the names of a form, and leave other characters as they are.
func TestNamesOfFilesInForms(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	send := func(query, disposition string) *oas.Import {
		body := "--b\r\nContent-Disposition: form-data; name=\"file\"" + disposition + "\r\n\r\n" + splitsFile + "\r\n--b--\r\n"
		res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/splits"+query, strings.NewReader(body),
			"Content-Type", "multipart/form-data; boundary=b")
		require.Equal(t, http.StatusAccepted, res.StatusCode, "%s: %s", disposition, out)
		return decodeImport(t, out)
	}
	for disposition, want := range map[string]string{
		`; filename="splits.csv"`:                              "splits.csv",
		`; filename=splits.csv`:                                "splits.csv",
		`; filename="Müllers %22neue%22 Splits – 株式.csv"`:      `Müllers "neue" Splits – 株式.csv`,
		`; filename="100%.csv"`:                                "100%.csv",
		`; filename="a \"quoted\" name.csv"`:                   `a "quoted" name.csv`,
		`; filename*=UTF-8''M%C3%BCller.csv`:                   "Müller.csv",
		`; filename="M.csv"; filename*=UTF-8''M%C3%BCller.csv`: "Müller.csv",
		`; filename="../../etc/passwd"`:                        "passwd",
		`; filename="C:\Users\ada\splits.csv"`:                 "splits.csv",
		"; filename=\"a%0D%0Ab\xff.csv\"":                      "a  b.csv",
		`; filename="` + strings.Repeat("ü", 300) + `.csv"`:    strings.Repeat("ü", 255),
		`; filename=""`:                                        "", `; filename="/"`: "", `; filename="%0A"`: "", ``: "",
	} {
		im := send("", disposition)
		assert.Equal(t, want, im.FileName.Value, disposition)
		assert.Equal(t, want == "", im.FileName.Null, disposition)
	}
	assert.Equal(t, "mine.csv", send("?file_name=mine.csv", `; filename="theirs.csv"`).FileName.Value)
}

// The same file is the same request, in a form with any boundary and name, and alone.
func TestFormsAreTakenOnce(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	start := func(body []byte, contentType string) (int, string) {
		res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/splits", bytes.NewReader(body), "Content-Type", contentType,
			"Idempotency-Key", "k")
		return res.StatusCode, string(out)
	}
	body, contentType := formOf(t, "a.csv", []byte(splitsFile))
	status, first := start(body, contentType)
	require.Equal(t, http.StatusAccepted, status, first)
	for range 2 {
		body, contentType = formOf(t, "b.csv", []byte(splitsFile))
		status, again := start(body, contentType)
		assert.Equal(t, http.StatusAccepted, status)
		assert.Equal(t, first, again)
	}
	status, again := start([]byte(splitsFile), "text/csv")
	assert.Equal(t, http.StatusAccepted, status)
	assert.Equal(t, first, again)
	body, contentType = formOf(t, "a.csv", []byte(splitsFile+"\n"))
	status, out := start(body, contentType)
	assert.Equal(t, http.StatusUnprocessableEntity, status, out)
	assert.Equal(t, 1, f.count("SELECT count(*) FROM import"))
	assert.Equal(t, 0, f.count("SELECT count(*) FROM upload WHERE id NOT IN (SELECT upload_id FROM document WHERE upload_id IS NOT NULL)"))
}

// What bounds a file bounds the one in a form as well: the form itself does not count.
func TestSizesOfFilesInForms(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	zeros := make([]byte, app.MaxFileSize+1)
	for name, c := range map[string]struct {
		file   []byte
		coding string
		status int
	}{
		"the largest":                  {zeros[1:], "", 202},
		"the largest, coded":           {zeros[1:], "gzip", 202},
		"one byte more":                {zeros, "", 413},
		"one byte more, coded":         {zeros, "gzip", 413},
		"one byte more, compressed":    {compressed(zeros), "", 413},
		"much more":                    {make([]byte, app.MaxFileSize+1<<20), "", 413},
		"compressed, coded":            {compressed([]byte(splitsFile)), "gzip", 202},
		"broken off, as gzip":          {[]byte(splitsFile), "broken", 400},
		"in another coding":            {[]byte(splitsFile), "br", 415},
		"a gzip file that breaks off":  {compressed([]byte(splitsFile))[:20], "", 422},
		"a gzip file, something after": {append(compressed([]byte(splitsFile)), 'x'), "", 422},
	} {
		body, contentType := formOf(t, "x", c.file)
		header := []string{"Content-Type", contentType, "Expect", "100-continue"}
		switch c.coding {
		case "gzip":
			body = compressed(body)
			header = append(header, "Content-Encoding", "gzip")
		case "broken":
			body = compressed(body)
			body = body[:len(body)-3]
			header = append(header, "Content-Encoding", "gzip")
		case "br":
			header = append(header, "Content-Encoding", "br")
		}
		for _, sized := range []bool{true, false} {
			var in io.Reader = bytes.NewReader(body)
			if !sized {
				in = io.MultiReader(in)
			}
			res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/splits", in, header...)
			assert.Equal(t, c.status, res.StatusCode, "%s, sized %t: %s", name, sized, out)
		}
	}
	assert.Equal(t, 0, f.count("SELECT count(*) FROM upload WHERE id NOT IN (SELECT upload_id FROM document WHERE upload_id IS NOT NULL)"))
}

// A large file in a form is not kept in memory. Nothing of it can be compressed. No other test runs beside this one.
func TestLargeFileInForm(t *testing.T) { //nolint:paralleltest // it looks at the memory in use
	f := setup(t, options{})
	f.createCompany("BIG")
	const size = 96 << 20
	var read atomic.Int64
	var peak uint64
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	noise := rand.NewChaCha8([32]byte{})
	watched := readerFunc(func(b []byte) (int, error) {
		if n := read.Add(int64(len(b))); n>>23 != (n-int64(len(b)))>>23 { // each 8 MiB
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
		}
		return noise.Read(b)
	})
	const head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"prices.csv\"\r\n\r\n"
	body := io.MultiReader(strings.NewReader(head), io.LimitReader(watched, size), strings.NewReader("\r\n--b--\r\n"))
	res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/prices?ticker=BIG", body, "Content-Type", "multipart/form-data; boundary=b")
	require.Equal(t, http.StatusAccepted, res.StatusCode, "%s", out)
	im := decodeImport(t, out)
	assert.EqualValues(t, size, im.Total.Value)
	assert.Equal(t, "prices.csv", im.FileName.Value)
	assert.Less(t, peak, uint64(size/4), "%d MiB more in memory", peak>>20)
	t.Logf("%d KiB more in memory", peak>>10)
}

type readerFunc func([]byte) (int, error)

func (r readerFunc) Read(b []byte) (int, error) { return r(b) }

// A form that its client breaks off is told as any other body.
func TestAbortedForm(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	body, contentType := formOf(t, "a.csv", []byte(splitsFile))
	for cut := range len(body) {
		conn := f.dial()
		_, err := fmt.Fprintf(conn, "POST %s/imports/splits HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			api.Prefix, f.superToken, contentType, len(body), body[:cut])
		require.NoError(t, err)
		require.NoError(t, conn.CloseWrite())
		res, out := readResponse(t, conn, http.MethodPost)
		requireProblem(t, res, out, http.StatusBadRequest, fmt.Sprint(cut))
		assert.Contains(t, string(out), "the body breaks off", cut)
	}
	assert.Equal(t, 0, f.count("SELECT count(*) FROM import"))
	assert.NotContains(t, f.log.String(), "ERROR")
}
