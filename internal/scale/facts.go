package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strconv"
	"time"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"
)

// appendFile appends the company's file, in the form of SEC's companyfacts.zip.
func (c *company) appendFile(b []byte) []byte {
	switch c.flaw {
	case page:
		return append(b, "<!DOCTYPE html>\n<html><head><title>Service Unavailable</title></head><body>Try again.</body></html>\n"...)
	case withoutFacts:
		return fmt.Appendf(b, `{"cik":%d,"entityName":%q,"facts":{}}`, c.cik, c.name)
	case whole, truncated, ofAnotherCIK, withoutReport, misnamed, flaws:
	}
	begin := len(b)
	cik := c.cik
	if c.flaw == ofAnotherCIK {
		cik += 2 * maxCompanies
	}
	b = fmt.Appendf(b, `{"cik":%d,"entityName":%q,"facts":{`, cik, c.name)
	b = append(c.appendFacts(b), "}}"...)
	if c.flaw == truncated {
		b = b[:begin+2*(len(b)-begin)/3]
	}
	return b
}

// appendFacts appends the members of the JSON object that has the taxonomies.
func (c *company) appendFacts(b []byte) []byte {
	ends := make([][]byte, len(c.template.filings)) // of their facts
	for i := c.first; i < c.last; i++ {
		ends[i] = c.endOfFacts(i)
	}
	taxonomy := ""
	for _, g := range c.template.tags {
		before := len(b)
		switch {
		case taxonomy == g.taxonomy:
			b = append(b, ',')
		case taxonomy != "":
			b = append(b, `},`...)
			fallthrough
		default:
			b = append(append(append(b, '"'), g.taxonomy...), `":{`...)
		}
		b = append(append(append(b, '"'), g.name...), `":{`...)
		b = append(append(b, g.about...), `,"units":{`...)
		some := false
		for _, u := range g.units {
			from := len(b)
			if some {
				b = append(b, ',')
			}
			name, scaled := c.unit(u.name)
			b = append(append(append(b, '"'), name...), `":[`...)
			n := len(b)
			if b = c.appendUnit(b, u.facts, scaled, ends); len(b) == n {
				b = b[:from]
				continue
			}
			b = append(b, ']')
			some = true
		}
		if !some {
			b = b[:before]
			continue
		}
		b = append(b, "}}"...)
		taxonomy = g.taxonomy
	}
	if taxonomy != "" {
		b = append(b, '}')
	}
	return b
}

// appendUnit appends those of the facts that the company has.
func (c *company) appendUnit(b []byte, facts []fact, scaled bool, ends [][]byte) []byte {
	begin := len(b)
	for i := range facts {
		f := &facts[i]
		if ends[f.filing] == nil {
			continue
		}
		if len(b) > begin {
			b = append(b, ',')
		}
		b = append(b, '{')
		start, end := f.start, f.end-7*c.weeks
		if start != noStart {
			start -= 7 * c.weeks
			b = dateOf(start).AppendFormat(append(b, `"start":"`...), time.DateOnly)
			b = append(b, `",`...)
		}
		b = dateOf(end).AppendFormat(append(b, `"end":"`...), time.DateOnly)
		b = append(b, `","val":`...)
		if scaled && f.whole {
			b = strconv.AppendInt(b, c.scaled(f.number), 10)
		} else {
			b = append(b, f.val...)
		}
		b = append(b, ends[f.filing]...)
		if f.framed {
			b = appendFrame(append(b, `,"frame":"`...), start, end)
			b = append(b, '"')
		}
		b = append(b, '}')
	}
	return b
}

// endOfFacts returns what the facts of a filing have after their value, but for a frame.
func (c *company) endOfFacts(i int) []byte {
	f := &c.template.filings[i]
	filed, form := dateOf(f.filed-7*c.weeks), f.form
	if c.flaw == withoutReport && f.isPeriodic {
		form = "8-K"
	}
	fy, fp := "null", "null"
	if f.fy != 0 {
		fy = strconv.Itoa(c.fiscalYear(f.fy))
	}
	if f.fp != "" {
		fp = strconv.Quote(f.fp)
	}
	return fmt.Appendf(nil, `,"accn":"%010d-%02d-%06d","fy":%s,"fp":%s,"form":%q,"filed":%q`,
		c.cik, filed.Year()%100, i+1, fy, fp, form, filed.Format(time.DateOnly))
}

// appendFrame appends the name that SEC's frames have for a period: that of the calendar year or quarter that it is nearest to.
func appendFrame(b []byte, start, end int) []byte {
	const quarterDays = 91
	instant := start == noStart
	middle := end - quarterDays/2
	if !instant {
		middle = (start + end) / 2
	}
	day := dateOf(middle)
	b = fmt.Appendf(b, "CY%d", day.Year())
	if instant || end-start < 2*quarterDays {
		b = fmt.Appendf(b, "Q%d", (int(day.Month())+2)/3)
	}
	if instant {
		b = append(b, 'I')
	}
	return b
}

// yearEnd is the day on which a fiscal year of the template ends, or a few days from that.
func (t *template) yearEnd(fy int) int {
	return dayOf(time.Date(fy, t.month, t.day, 0, 0, 0, 0, time.UTC))
}

// A size says how much there is in an archive of files, in bytes.
type size struct {
	files         int
	plain, packed int64
}

// compression gives files about as small as those of the SEC's archive.
const compression = 6

// writeFacts writes the files of the first n companies as a ZIP archive, in their order.
func (g *generator) writeFacts(ctx context.Context, w io.Writer, n int) (total size, err error) {
	type entry struct {
		header zip.FileHeader
		packed []byte
	}
	type job struct {
		i    int
		done chan entry
	}
	workers := runtime.GOMAXPROCS(0)
	jobs, order := make(chan job), make(chan chan entry, 2*workers)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(jobs)
		defer close(order)
		for i := range n {
			j := job{i, make(chan entry, 1)}
			select {
			case order <- j.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case jobs <- j:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range workers {
		group.Go(func() error {
			var plain []byte
			z, err := flate.NewWriter(nil, compression)
			if err != nil {
				return errors.Wrap(err, "compress")
			}
			for j := range jobs {
				c, err := g.company(j.i)
				if err != nil {
					return err
				}
				plain = c.appendFile(plain[:0])
				var packed bytes.Buffer
				z.Reset(&packed)
				if _, err := z.Write(plain); err != nil {
					return errors.Wrap(err, "compress")
				}
				if err := z.Close(); err != nil {
					return errors.Wrap(err, "compress")
				}
				j.done <- entry{zip.FileHeader{
					Name: c.entry(), Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(plain),
					CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(plain)),
				}, packed.Bytes()}
			}
			return nil
		})
	}
	group.Go(func() error {
		archive := zip.NewWriter(w)
		for done := range order {
			var e entry
			select {
			case e = <-done:
			case <-ctx.Done():
				return ctx.Err()
			}
			header := e.header // the archive keeps it, and must not keep the file
			out, err := archive.CreateRaw(&header)
			if err == nil {
				_, err = out.Write(e.packed)
			}
			if err != nil {
				return errors.Wrap(err, "write archive")
			}
			total.files++
			total.plain += int64(e.header.UncompressedSize64)
			total.packed += int64(e.header.CompressedSize64)
		}
		if err := archive.Close(); err != nil {
			return errors.Wrap(err, "write archive")
		}
		return nil
	})
	err = group.Wait()
	return total, err
}
