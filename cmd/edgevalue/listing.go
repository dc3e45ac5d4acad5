package main

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/go-faster/errors"
	"github.com/spf13/cobra"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/sec"
)

func newListing() *cobra.Command {
	show := &cobra.Command{
		Use:     "show TICKER...",
		Short:   "Show the listings of companies",
		Example: "  edgevalue listing show TSM BRK.B",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, tickers []string) error {
			return withServices(cmd.Context(), func(s *services) error {
				var listings []db.Listing
				for _, t := range tickers {
					c, err := s.app.GetCompany(cmd.Context(), t)
					if err != nil {
						return err
					}
					listings = append(listings, c.Listings...)
				}
				return printListings(cmd.OutOrStdout(), listings...)
			})
		},
	}
	var exchange, isin, shareClass, currency, ordinaryShares string
	declare := &cobra.Command{
		Use:   "set TICKER",
		Short: "Declare the currency of a listing, what its share stands for, and where it is listed",
		Long: `Declare what a listing is, as the API does. What is not given stays; an empty text takes back what was declared.

Prices are in the currency of their listing. Without ordinary shares, a listed share is one ordinary share; but
if the company's newest annual report is of a foreign issuer (20-F), it can be a depositary share (ADS), and there is no
market capitalisation before it is declared.`,
		Example: `  edgevalue listing set TSM --ordinary-shares 5 --exchange NYSE
  edgevalue listing set BRK.B --ordinary-shares 1/1500`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			given := func(name string, text *string, field **string) {
				if cmd.Flags().Changed(name) {
					*field = text
					if *text == "" {
						*field = nil
					}
				}
			}
			return withServices(cmd.Context(), func(s *services) error {
				isNamed := func(t string) bool { return sec.TickerKey(t) == sec.TickerKey(args[0]) }
				c, err := s.app.UpdateCompany(cmd.Context(), app.System, args[0], func(in *app.CompanyInput) {
					in.Listings = slices.Clone(in.Listings)
					l := &in.Listings[slices.IndexFunc(in.Listings, func(l app.ListingInput) bool { return isNamed(l.Ticker) })]
					given("exchange", &exchange, &l.Exchange)
					given("isin", &isin, &l.Isin)
					given("share-class", &shareClass, &l.ShareClass)
					given("ordinary-shares", &ordinaryShares, &l.OrdinaryShares)
					if cmd.Flags().Changed("currency") {
						l.Currency = currency
					}
				})
				if err != nil {
					return inFlags(cmd, err)
				}
				i := slices.IndexFunc(c.Listings, func(l db.Listing) bool { return isNamed(l.Ticker) })
				return printListings(cmd.OutOrStdout(), c.Listings[i])
			})
		},
	}
	declare.Flags().StringVar(&currency, "currency", "", "currency of its prices, ISO 4217 (empty: USD)")
	declare.Flags().StringVar(&ordinaryShares, "ordinary-shares", "",
		"how many ordinary shares one listed share stands for: 5, 0.5 or 1/1500")
	declare.Flags().StringVar(&exchange, "exchange", "", "where it is listed")
	declare.Flags().StringVar(&isin, "isin", "", "its ISIN")
	declare.Flags().StringVar(&shareClass, "share-class", "", "its class of shares")
	declare.MarkFlagsOneRequired("currency", "ordinary-shares", "exchange", "isin", "share-class")
	cmd := &cobra.Command{Use: "listing", Short: "Show and declare listings"}
	cmd.AddCommand(show, declare)
	return cmd
}

// inFlags names the flag for each field of an error that it is the value of.
func inFlags(cmd *cobra.Command, err error) error {
	e, ok := errors.Into[*app.Error](err)
	if !ok {
		return err
	}
	named := *e
	named.Fields = slices.Clone(e.Fields)
	for i, f := range named.Fields {
		if flag := strings.ReplaceAll(path.Base(f.Field), "_", "-"); cmd.Flags().Lookup(flag) != nil {
			named.Fields[i].Field = "--" + flag
		}
	}
	return &named
}

func printListings(out io.Writer, listings ...db.Listing) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TICKER\tCURRENCY\tORDINARY SHARES\tEXCHANGE\tISIN\tCLASS")
	said := func(text *string) string {
		if text == nil {
			return "-"
		}
		return cmp.Or(*text, "-")
	}
	for _, l := range listings {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Ticker, l.Currency, said(l.OrdinaryShares), said(l.Exchange), said(l.Isin), said(l.ShareClass))
	}
	return w.Flush()
}
