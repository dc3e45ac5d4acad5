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

// OriginKey is the key of a context's *Origin, by which use cases count attempts and audit.
type OriginKey struct{}

// OriginOf is where the request of a context comes from.
func OriginOf(ctx context.Context) Origin {
	if o, ok := ctx.Value(OriginKey{}).(*Origin); ok {
		return *o
	}
	return Origin{}
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

// Network is the smallest network that one client may have to itself, as text: "" if there is none.
func (o Origin) Network() string {
	network, _ := o.Networks()
	return prefixText(network)
}

// Site is the larger of Networks, as text.
func (o Origin) Site() string {
	_, site := o.Networks()
	return prefixText(site)
}

// Networks are the smallest network that one client may have to itself, an IPv4 address or a /64 of IPv6, and the one that
// belongs to one provider's customer or a small provider, a /24 of IPv4 or a /48 of IPv6. Neither is valid if there is no
// address.
func (o Origin) Networks() (network, site netip.Prefix) {
	a := o.Address.Unmap().WithZone("")
	own, wide := 64, 48
	if a.Is4() {
		own, wide = 32, 24
	}
	network, _ = a.Prefix(own)
	site, _ = a.Prefix(wide)
	return network, site
}

func prefixText(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}
