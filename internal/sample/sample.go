// Package sample holds the filings and prices of a few companies, for a first start and for tests. Their origin,
// licence and known gaps are in README.md.
package sample

import "embed"

// FS holds the files beside this one, under their plain names. The .gz files are gzip of one JSON document.
//
//go:embed *.json.gz *.csv
var FS embed.FS
