package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/shopspring/decimal"

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

// of makes a user the target, if there is one.
func (e *auditEvent) of(u db.UserAccount) {
	if u.ID != 0 {
		e.TargetType, e.Target = "user", idText(u.ID)
	}
}

// userEvent is one about a user.
func userEvent(action string, id int64) auditEvent {
	return auditEvent{Action: action, TargetType: "user", Target: idText(id)}
}

// audit writes an event to the trail, in the transaction of q, and to the log. Where the deed comes from is in ctx. A
// failure that is to be remembered is written with a.queries, outside of the transaction that it ends.
func (a *App) audit(ctx context.Context, q *db.Queries, actor Actor, e auditEvent) error {
	if ctx.Value(rehearsalKey{}) != nil {
		return nil
	}
	origin := OriginOf(ctx)
	p := db.CreateAuditEventParams{
		Action: e.Action, Reason: notEmpty(e.Reason), TargetType: notEmpty(e.TargetType), Target: notEmpty(e.Target),
		RequestID: notEmpty(origin.RequestID), Actor: actor.kind(), ActorID: nil, ApiKeyID: nil, Client: nil, Detail: nil,
	}
	if actor.UserID > 0 {
		p.ActorID = &actor.UserID
	}
	if actor.KeyID > 0 {
		p.ApiKeyID = &actor.KeyID
	}
	p.Client = origin.client()
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
		slog.String("actor", p.Actor), slog.Int64("actor_id", actor.UserID), slog.Int64("api_key", actor.KeyID), slog.String("target_type", e.TargetType), slog.String("target", e.Target),
		slog.String("client", origin.address()), slog.String("request_id", origin.RequestID))
	return nil
}

// kind is what the trail calls an actor.
func (a Actor) kind() string {
	switch {
	case a == System:
		return "command_line"
	case a.KeyID > 0:
		return "api_key"
	case a.UserID > 0:
		return "user"
	}
	return "nobody"
}

func idText(n int64) string { return strconv.FormatInt(n, 10) }

// columns are the values of a row that say something, by the names of their columns.
func columns(row any) map[string]any {
	out := map[string]any{}
	v := reflect.ValueOf(row)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("db")
		switch name {
		case "", "id", "created_at", "updated_at":
			continue
		// newproject:companies
		case "company_id": // which the target tells
			continue
			// newproject:end
		}
		if f := v.Field(i); f.Kind() != reflect.Pointer {
			out[name] = f.Interface()
		} else if !f.IsNil() {
			out[name] = f.Elem().Interface()
		}
	}
	return out
}

// changed is the detail of a change: before and after, of what is not the same.
func changed(before, after map[string]any) map[string]any {
	was, is := map[string]any{}, map[string]any{}
	for name := range maps.Keys(before) {
		if !same(before[name], after[name]) {
			was[name] = before[name]
		}
	}
	for name := range maps.Keys(after) {
		if !same(before[name], after[name]) {
			is[name] = after[name]
		}
	}
	return map[string]any{"before": was, "after": is}
}

// same compares values as the trail shows them.
func same(a, b any) bool {
	if a, ok := a.(decimal.Decimal); ok {
		b, ok := b.(decimal.Decimal)
		return ok && a.Equal(b)
	}
	return reflect.DeepEqual(a, b)
}

// AuditFilter narrows the audit trail; nil does not. Since and Until are days.
type AuditFilter struct {
	ActorID                            *int64
	Action, TargetType, Target, Client *string
	Since, Until                       *time.Time
}

// ListAuditEvents returns a page of the audit trail to a superuser, the newest first. Errors: Unauthenticated,
// Forbidden, Invalid.
func (a *App) ListAuditEvents(ctx context.Context, actor Actor, f AuditFilter, p Page) ([]db.AuditEvent, string, error) {
	if err := actor.superuser(); err != nil {
		return nil, "", err
	}
	params := db.ListAuditEventsParams{
		BeforeID: math.MaxInt64, ActorID: f.ActorID, Action: f.Action, TargetType: f.TargetType, Target: f.Target, Client: f.Client,
		Since: f.Since, Before: nil, PageSize: p.limit(),
	}
	var v validator
	v.page(p, &params.BeforeID)
	v.optionalText("action", f.Action)
	v.optionalText("target_type", f.TargetType)
	v.optionalText("target", f.Target)
	v.optionalText("client", f.Client)
	v.date("since", f.Since, farDay)
	v.date("until", f.Until, farDay)
	v.check(f.Since == nil || f.Until == nil || !f.Until.Before(*f.Since), "until", "must not be before since", "since")
	if err := v.err(); err != nil {
		return nil, "", err
	}
	if f.Until != nil {
		params.Before = new(f.Until.AddDate(0, 0, 1))
	}
	rows, err := a.queries.ListAuditEvents(ctx, params)
	return cut(p, rows, err, func(e db.AuditEvent) []any { return []any{e.ID} })
}

// pruneAudit deletes what is older than the trail is kept, in batches, so that no transaction is long.
func (a *App) pruneAudit(ctx context.Context) error {
	const batch = 5000
	for n := int64(batch); n == batch; {
		var err error
		n, err = a.queries.PruneAuditEvents(ctx, db.PruneAuditEventsParams{Days: int32(a.AuditRetentionDays), Batch: batch})
		if err != nil {
			return errors.Wrap(err, "prune audit trail")
		}
	}
	return nil
}

// AuditJobs notes what a superuser asks the job monitor to do, before it does so: its own transactions are not these.
func (a *App) AuditJobs(ctx context.Context, actor Actor, method, path string, input json.RawMessage) error {
	verb := path[strings.LastIndex(path, "/")+1:]
	if !jobVerb.MatchString(verb) {
		verb = "changed"
	}
	detail := map[string]any{"method": method}
	if json.Valid(input) {
		detail["input"] = input
	}
	return a.audit(ctx, a.queries, actor, auditEvent{Action: "jobs." + verb, TargetType: "jobs", Target: path, Detail: detail})
}

var jobVerb = regexp.MustCompile(`^[a-z_]{1,50}$`)

func notEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
