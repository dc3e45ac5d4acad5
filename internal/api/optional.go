package api

import (
	"time"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// toNil wraps an optional value for a response, where a field is there or null.
func toNil[N ~struct {
	Value T
	Null  bool
}, T any](v *T) N {
	if v == nil {
		return N{Null: true}
	}
	return N{Value: *v}
}

// get unwraps an optional value of a request: nil when it is not there or null.
func get[T any](o interface{ Get() (T, bool) }) *T {
	if v, ok := o.Get(); ok {
		return &v
	}
	return nil
}

// The generated conversions use the functions below, by their types.

func asText(s string) string                         { return s }
func asNilInt64(v *int64) oas.NilInt64               { return toNil[oas.NilInt64](v) }
func asNilString(v *string) oas.NilString            { return toNil[oas.NilString](v) }
func asNilDateTime(v *time.Time) oas.NilDateTime     { return toNil[oas.NilDateTime](v) }
func asStringPointer(o oas.OptNilString) *string     { return get(o) }
func asFullNamePointer(o oas.OptNilFullName) *string { return (*string)(get(o)) }
func asBool(o oas.OptBool) bool                      { return o.Value }
func asEmail(o oas.OptEmail) string                  { return string(o.Value) }
func asPassword(o oas.OptPassword) string            { return string(o.Value) }
func asInt(n int32) int                              { return int(n) }
func asInt64(n int) int64                            { return int64(n) }
func asString(o oas.OptString) string                { return o.Value }

func isSet(t *time.Time) bool { return t != nil }
