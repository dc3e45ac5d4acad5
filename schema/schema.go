// Package schema embeds the goose migrations, which make the tables that the directory tables declares.
package schema

import "embed"

// FS holds the migrations, one SQL file each.
//
//go:embed *.sql
var FS embed.FS
