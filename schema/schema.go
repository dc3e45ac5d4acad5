// Package schema embeds the goose migrations, the source of truth for the tables.
package schema

import "embed"

// FS holds the migrations, one SQL file each.
//
//go:embed *.sql
var FS embed.FS
