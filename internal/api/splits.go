package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
)

// goverter:variables
var (
	// goverter:ignore CompanyID
	fromSplit func(oas.SplitInput) db.CreateSplitParams
)

func (h *handler) ListCompanySplits(ctx context.Context, p oas.ListCompanySplitsParams) (*oas.SplitPage, error) {
	return list[oas.SplitPage](toSplit)(h.app.ListCompanySplits(ctx, string(p.Ticker), p.Rejected.Or(false), get(p.AsOf), page(p.PageSize, p.PageToken)))
}

func (h *handler) CreateSplit(ctx context.Context, req *oas.SplitInput, p oas.CreateSplitParams) (*oas.Split, error) {
	return one(toSplit)(h.app.CreateSplit(ctx, actor(ctx), string(p.Ticker), fromSplit(*req)))
}

func toSplit(s app.Split) oas.Split {
	out := oas.Split{
		EffectiveDate: s.EffectiveDate, Ratio: value.RatioDecimal(s.Ratio), RatioFraction: s.Ratio.RatString(),
		Source: oas.SplitSource(s.Source), Exact: s.Exact, KnownFrom: s.KnownFrom,
		EffectiveAfter: asNilDate(nil), EffectiveBy: asNilDate(nil), Accession: asNilString(nil),
		Support: asNilInt32(nil), Contradict: asNilInt32(nil), Noted: toNil[oas.NilBool]((*bool)(nil)),
		Rejected: s.Rejected, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
	if f := s.Found; f != nil {
		out.EffectiveAfter, out.EffectiveBy = oas.NewNilDate(f.EffectiveAfter), oas.NewNilDate(f.EffectiveBy)
		out.Accession, out.Noted = oas.NewNilString(f.Accession), oas.NewNilBool(f.Noted)
		out.Support, out.Contradict = oas.NewNilInt32(int32(f.Support)), oas.NewNilInt32(int32(f.Contradict))
	}
	return out
}
