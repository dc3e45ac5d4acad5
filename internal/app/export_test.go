package app

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// EachProof calls f with the explanation of every figure and metric of a company's statements that is known.
func (a *App) EachProof(ctx context.Context, t string, at PointInTime, f func(s *value.Statement, figure string, d *metric.Definition, node *value.Explanation)) error {
	return a.read(ctx, func(q *db.Queries) error {
		c, err := findCompany(ctx, q, t)
		if err != nil {
			return err
		}
		e, err := a.newExplainer(ctx, q, c.ID, at)
		if err != nil {
			return err
		}
		for place := range e.statements {
			s := &e.statements[place]
			for _, name := range figureNames {
				if number, _ := figure(s, name); number != nil {
					f(s, name, nil, e.field(place, name))
				}
			}
			for _, d := range metric.All() {
				if d.Scope == metric.OfStatement || d.Scope == metric.OfYear && s.Period == value.Annual {
					if node, result := e.metric(place, d); result.Exact != nil {
						f(s, "", d, node)
					}
				}
			}
		}
		return nil
	})
}

// Figure returns a figure of a statement by its name.
var Figure = figure

// OccupyExplanations takes the places of all explanations until the returned function is called.
func (a *App) OccupyExplanations() (leave func()) {
	for range explanationsAtOnce {
		a.explaining <- struct{}{}
	}
	return func() {
		for range explanationsAtOnce {
			<-a.explaining
		}
	}
}
