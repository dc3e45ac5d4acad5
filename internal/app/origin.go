package app

import (
	"context"
	"net/netip"
)

// Origin is where a request comes from. The zero Origin is the command line or a job.
type Origin struct {
	Address   netip.Addr
	RequestID string
	UserAgent string // what the client says it is
}

type originKey struct{}

// WithOrigin returns a context whose use cases count attempts by, and audit, where the request came from.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf is where the request of a context comes from.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}

// client is the address as text, nil if there is none.
func (o Origin) client() *string { return notEmpty(o.address()) }

// address is "" where there is none.
func (o Origin) address() string {
	if !o.Address.IsValid() {
		return ""
	}
	return o.Address.String()
}

// Network is the smallest network that one client may have to itself: an IPv4 address, or a /64 of IPv6.
func (o Origin) Network() string { return o.prefix(32, 64) }

// Site is the network that belongs to one provider's customer or a small provider: a /24 of IPv4, a /48 of IPv6.
func (o Origin) Site() string { return o.prefix(24, 48) }

func (o Origin) prefix(v4, v6 int) string {
	a := o.Address.Unmap().WithZone("")
	bits := v6
	if a.Is4() {
		bits = v4
	}
	p, err := a.Prefix(bits)
	if err != nil { // no address
		return ""
	}
	return p.String()
}
