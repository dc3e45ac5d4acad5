// Apicheck checks a contract, and prints its mistakes with file, line and column.
package main

import (
	"fmt"
	"os"

	"github.com/edgevalue/edgevalue/internal/contract"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: apicheck FILE")
		os.Exit(2)
	}
	path := os.Args[1]
	_, mistakes, err := contract.CheckFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, "apicheck:", err)
		os.Exit(2)
	}
	for _, m := range mistakes {
		fmt.Fprintf(os.Stderr, "%s:%s\n", path, m)
	}
	if len(mistakes) > 0 {
		os.Exit(1)
	}
}
