package edgar_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/edgar"
)

func content(t testing.TB, e edgar.Entry) []byte {
	t.Helper()
	r, err := e.Open()
	require.NoError(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return b
}

type entry struct{ name, content string }

// write writes a zip file.
func write(t testing.TB, add func(*zip.Writer), entries ...entry) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a.zip")
	f, err := os.Create(path)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	for _, e := range entries {
		w, err := z.Create(e.name)
		require.NoError(t, err)
		_, err = io.WriteString(w, e.content)
		require.NoError(t, err)
	}
	if add != nil {
		add(z)
	}
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	return path
}

func open(t testing.TB, path string) *edgar.BulkFile {
	t.Helper()
	b, err := edgar.OpenBulk(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestBulkFile(t *testing.T) {
	t.Parallel()
	facts := `{"cik":320193,"entityName":"Apple Inc.","facts":{}}`
	stored := func(z *zip.Writer) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "CIK0000000009.json", Method: zip.Store})
		require.NoError(t, err)
		_, err = io.WriteString(w, "stored")
		require.NoError(t, err)
	}
	b := open(t, write(t, stored, entry{"CIK0000320193.json", facts}, entry{"folder/", ""}, entry{"CIK1234567890.json", ""}))
	assert.Equal(t, edgar.CompanyFactsBulk, b.Bulk())
	assert.Equal(t, 4, b.Len())
	var got []string
	for e := range b.Entries() {
		require.NoError(t, e.Err)
		c := content(t, e)
		assert.Len(t, c, int(e.Size))
		var packed bytes.Buffer
		require.NoError(t, e.WriteGzip(&packed))
		assert.Equal(t, c, unpack(t, packed.Bytes()))
		got = append(got, fmt.Sprintf("%d %s %s", e.CIK, e.Kind, c))
	}
	assert.Equal(t, []string{"320193 facts " + facts, "1234567890 facts ", "9 facts stored"}, got)
	for range b.Entries() {
		break // not all need to be read
	}

	for _, first := range []entry{
		{"CIK0000320193.json", `{"cik":"0000320193","entityType":"operating","filings":{}}`},
		{"CIK0000320193-submissions-001.json", olderPage},
	} {
		b = open(t, write(t, nil, entry{"placeholder.txt", ""}, first, entry{"CIK0000000002.json", "{}"}, entry{"CIK0000000002-submissions-012.json", "{}"}))
		assert.Equal(t, edgar.SubmissionsBulk, b.Bulk())
		var kinds []edgar.Kind
		for e := range b.Entries() {
			kinds = append(kinds, e.Kind)
		}
		assert.Equal(t, []edgar.Kind{edgar.SubmissionsKind, edgar.SubmissionsPageKind}, kinds[2:])
	}
}

// Bad entries are errors of their own, and the others are read.
func TestBulkFileBadEntries(t *testing.T) {
	t.Parallel()
	raw := func(name string, method uint16, flags uint16, declared uint64, content string) func(*zip.Writer) {
		return func(z *zip.Writer) {
			w, err := z.CreateRaw(&zip.FileHeader{
				Name: name, Method: method, Flags: flags, CRC32: crc32.ChecksumIEEE([]byte(content)),
				CompressedSize64: uint64(len(content)), UncompressedSize64: declared,
			})
			require.NoError(t, err)
			_, err = io.WriteString(w, content)
			require.NoError(t, err)
		}
	}
	path := write(t, func(z *zip.Writer) {
		raw("CIK0000000011.json", zip.Deflate, 0, 65<<20, strings.Repeat("x", 1<<20))(z)
		raw("CIK0000000012.json", zip.Deflate, 1, 5, "hello")(z)
		raw("CIK0000000013.json", 12, 0, 5, "hello")(z)
		raw("CIK0000000014.json", zip.Store, 0, 5, "hello")(z)
		raw("CIK0000000015.json", zip.Deflate, 0, 5, "hello")(z)
		raw("CIK0000000016.json", zip.Store, 0, 4, "hello")(z)
		_, err := z.CreateRaw(&zip.FileHeader{Name: "CIK0000000017.json", Method: zip.Deflate, CompressedSize64: 2 << 20, UncompressedSize64: 3 << 20})
		require.NoError(t, err)
	},
		entry{"CIK0000000001.json", "1"}, entry{"../CIK0000000002.json", "2"}, entry{"/CIK0000000003.json", "3"},
		entry{"a/CIK0000000004.json", "4"}, entry{`..\CIK0000000005.json`, "5"}, entry{"CIK0000000001.json", "again"},
		entry{"CIK0000000000.json", "0"}, entry{"CIK1.json", "1"}, entry{"README.md", "6"}, entry{"CIK0000000007-submissions-000.json", "7"},
		entry{"CIK0000000008.json", strings.Repeat("bomb", 1<<20)}, entry{"CIK0000000009.json", "9"},
	)
	b := open(t, path)
	var got []string
	for e := range b.Entries() {
		if e.Err != nil {
			_, err := e.Open()
			require.Equal(t, e.Err, err)
			require.Equal(t, e.Err, e.WriteGzip(io.Discard))
			got = append(got, e.Err.Error())
			continue
		}
		r, err := e.Open()
		require.NoError(t, err)
		c, err := io.ReadAll(r)
		if err != nil {
			got = append(got, err.Error())
		} else {
			got = append(got, fmt.Sprint(e.CIK, " ", string(c)))
		}
	}
	const noName = "its name is not that of a company's document, such as CIK0000320193.json"
	assert.Equal(t, []string{
		"1 1", noName, noName, noName,
		noName, "it is there twice", noName,
		noName, noName, noName,
		"it unpacks to more than 250 times its size, as no document does", "9 9",
		"it is larger than 64 MiB", "it is encrypted",
		"it is packed with the method 12, not deflate", "14 hello",
		"it is broken: flate: corrupt input before offset 5",
		"it is broken: zip: not a valid zip file",
		"it shares its bytes with others, or there are fewer than it declares",
	}, got)
}

func TestOpenBulkRefuses(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(write(t, nil, entry{"CIK0000000001.json", strings.Repeat("1", 1000)}))
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"nothing": nil, "a page": []byte("<html>"), "half": whole[:len(whole)/2], "the end": whole[len(whole)/2:],
	} {
		path := filepath.Join(t.TempDir(), "a.zip")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		_, err := edgar.OpenBulk(path)
		require.EqualError(t, err, "it is not a zip file, or not a complete one", name)
	}
	_, err = edgar.OpenBulk(filepath.Join(t.TempDir(), "none.zip"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.EqualError(t, err, "open archive: no such file or directory")
	b := open(t, write(t, nil))
	assert.Zero(t, b.Len())
}

// The directory of a large archive is read a piece at a time, and its numbers may be too large for those of a small one.
func TestBulkFileLarge(t *testing.T) {
	t.Parallel()
	const n = 66_000 // more than 16 bits count
	b := open(t, write(t, func(z *zip.Writer) {
		for i := range n {
			w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("CIK%010d.json", i+1), Method: zip.Store})
			if err == nil {
				_, err = io.WriteString(w, fmt.Sprint(i+1))
			}
			if err != nil {
				require.NoError(t, err)
			}
		}
	}))
	assert.Equal(t, n, b.Len())
	next := int64(0)
	for e := range b.Entries() {
		next++
		if e.Err != nil || e.CIK != next {
			require.FailNow(t, "another entry", "%d: %v", next, e)
		}
		if next%999 == 0 {
			require.Equal(t, fmt.Sprint(next), string(content(t, e)))
		}
	}
	assert.Equal(t, int64(n), next)
}

func FuzzOpenBulk(f *testing.F) {
	for _, add := range []func(*zip.Writer){nil, func(z *zip.Writer) { _ = z.SetComment("comment") }} {
		whole, err := os.ReadFile(write(f, add, entry{"CIK0000000001.json", `{"cik":1}`}, entry{"a", ""}))
		require.NoError(f, err)
		f.Add(whole)
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		path := filepath.Join(t.TempDir(), "a.zip")
		require.NoError(t, os.WriteFile(path, archive, 0o600))
		b, err := edgar.OpenBulk(path)
		if err != nil {
			require.EqualError(t, err, path+" is not a zip file, or not a complete one")
			return
		}
		defer b.Close()
		for e := range b.Entries() {
			if r, err := e.Open(); err == nil {
				_, _ = io.Copy(io.Discard, r)
				_ = r.Close() // which repeats what is wrong with it
				_ = e.WriteGzip(io.Discard)
			}
		}
	})
}
