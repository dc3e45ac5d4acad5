package api

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/value"
)

// The generated conversions of companies and their data use these functions, by their types.

func asNilInt32(v *int32) oas.NilInt32 { return toNil[oas.NilInt32](v) }

func asNilDate(v *time.Time) oas.NilDate { return toNil[oas.NilDate](v) }

func asNilDecimal(v *decimal.Decimal) oas.NilDecimal { return toNil[oas.NilDecimal](v) }

func asNilEbitBasis(v *value.EBITBasis) oas.NilEbitBasis {
	return toNil[oas.NilEbitBasis]((*oas.EbitBasis)(v))
}

func asNilSyncSource(v *string) oas.NilSyncSource {
	return toNil[oas.NilSyncSource]((*oas.SyncSource)(v))
}

func asEbitBasis(v *string) oas.NilEbitBasis { return asNilEbitBasis((*value.EBITBasis)(v)) }

func asTaxonomy(v *string) oas.NilTaxonomy { return toNil[oas.NilTaxonomy]((*oas.Taxonomy)(v)) }

func asSharesSource(v *string) oas.NilSharesSource {
	return toNil[oas.NilSharesSource]((*oas.SharesSource)(v))
}

func asAdjustment(v *string) oas.NilAdjustment { return toNil[oas.NilAdjustment]((*oas.Adjustment)(v)) }

func asOtherCIK(v *string) oas.NilOtherCik { return toNil[oas.NilOtherCik]((*oas.OtherCik)(v)) }

func asNilImportReport(v *value.ImportReport) oas.NilImportReport {
	var report *oas.ImportReport
	if v != nil {
		report = new(toImportReport(*v))
	}
	return toNil[oas.NilImportReport](report)
}

func asFiling(v *value.Filing) oas.NilFiling {
	var filing *oas.Filing
	if v != nil {
		filing = new(toFiling(*v))
	}
	return toNil[oas.NilFiling](filing)
}

func asWhyNothing(v *value.WhyNothing) oas.NilWhyNothing {
	return toNil[oas.NilWhyNothing]((*oas.WhyNothing)(v))
}

func asInt32Pointer(o oas.OptNilInt32) *int32 { return get(o) }

func asDatePointer(o oas.OptNilDate) *time.Time { return get(o) }

func asDecimalPointer(o oas.OptNilDecimal) *decimal.Decimal { return get(o) }

func asIntPointer(o oas.OptNilInt32) *int {
	if n := get(o); n != nil {
		return new(int(*n))
	}
	return nil
}

func asInt64Pointer(o oas.OptNilInt64) *int64 { return get(o) }
