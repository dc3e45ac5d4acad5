package app

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
)

// An auditEvent is what the audit trail says of one deed. Detail must not hold a secret.
type auditEvent struct {
	Action     string // such as login.failed
	Reason     string // of a failure
	TargetType string // such as user
	Target     string
	Detail     map[string]any
}

// audit writes an event to the trail, in the transaction of q, and to the log. Where the deed comes from is in ctx. A
// failure that is to be remembered is written with a.queries, outside of the transaction that it ends.
func (a *App) audit(ctx context.Context, q *db.Queries, actor Actor, e auditEvent) error {
	if ctx.Value(rehearsalKey{}) != nil {
		return nil
	}
	origin := originOf(ctx)
	p := db.CreateAuditEventParams{
		Action: e.Action, Reason: notEmpty(e.Reason), TargetType: notEmpty(e.TargetType), Target: notEmpty(e.Target),
		RequestID: notEmpty(origin.RequestID),
	}
	if actor.UserID > 0 {
		p.ActorID = &actor.UserID
	}
	if origin.Address.IsValid() {
		p.Client = new(origin.Address.String())
	}
	if e.Detail != nil {
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return errors.Wrap(err, "encode detail")
		}
		p.Detail = detail
	}
	if err := q.CreateAuditEvent(ctx, p); err != nil {
		return errors.Wrap(err, "write audit event")
	}
	a.Logger.LogAttrs(ctx, slog.LevelInfo, "audit", slog.String("action", e.Action), slog.String("reason", e.Reason),
		slog.Int64("actor_id", actor.UserID), slog.String("target_type", e.TargetType), slog.String("target", e.Target),
		slog.String("client", originOf(ctx).Network()), slog.String("request_id", origin.RequestID))
	return nil
}

func notEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
