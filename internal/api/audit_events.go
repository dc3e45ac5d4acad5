package api

import (
	"context"
	"encoding/json"

	"github.com/go-faster/jx"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:map Detail | auditDetail
	toAuditEvent func(db.AuditEvent) oas.AuditEvent
)

func auditDetail(b []byte) oas.AuditEventDetail {
	raw := map[string]json.RawMessage{}
	_ = json.Unmarshal(b, &raw) // what the database holds is an object or nothing
	detail := make(oas.AuditEventDetail, len(raw))
	for name, v := range raw {
		detail[name] = jx.Raw(v)
	}
	return detail
}

func (h *handler) ListAuditEvents(ctx context.Context, p oas.ListAuditEventsParams) (*oas.AuditEventPage, error) {
	return list[oas.AuditEventPage](toAuditEvent)(h.app.ListAuditEvents(ctx, actor(ctx), app.AuditFilter{
		ActorID: get(p.ActorID), Action: get(p.Action), TargetType: get(p.TargetType), Target: get(p.Target), Client: get(p.Client),
		Since: get(p.Since), Until: get(p.Until),
	}, page(p.PageSize, p.PageToken)))
}
