package sec

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/edgevalue/edgevalue/internal/value"
)

// A SplitVersion is what filings showed of a split from one day until the day before another: later filings move its
// interval.
type SplitVersion struct {
	value.FoundSplit
	Number int // of the split, from 0, in the order of the filings
	From   time.Time
	To     *time.Time // nil while it still holds
}

// splitAmounts and splitCounts are the tags whose facts are compared, by taxonomy: per share, and numbers of shares.
var (
	splitAmounts = map[string]tags{
		usGAAP.name: {
			"EarningsPerShareBasic", "EarningsPerShareDiluted", "EarningsPerShareBasicAndDiluted",
			"IncomeLossFromContinuingOperationsPerBasicShare", "IncomeLossFromContinuingOperationsPerDilutedShare",
			"IncomeLossFromContinuingOperationsPerBasicAndDilutedShare", "CommonStockDividendsPerShareDeclared",
			"CommonStockDividendsPerShareCashPaid",
		},
		ifrsFull.name: {
			"BasicEarningsLossPerShare", "DilutedEarningsLossPerShare", "BasicAndDilutedEarningsLossPerShare",
			"DividendsRecognisedAsDistributionsToOwnersPerShare",
		},
	}
	splitCounts = map[string]tags{
		usGAAP.name: {
			"WeightedAverageNumberOfSharesOutstandingBasic", "WeightedAverageNumberOfDilutedSharesOutstanding",
			"WeightedAverageNumberOfShareOutstandingBasicAndDiluted", "CommonStockSharesOutstanding",
			"CommonStockSharesIssued",
		},
		ifrsFull.name: {
			"WeightedAverageShares", "AdjustedWeightedAverageShares", "NumberOfSharesOutstanding", "NumberOfSharesIssued",
		},
	}
)

// statedRatio is the tag of us-gaap, in the unit pure, that states a ratio.
const (
	statedRatio = "StockholdersEquityNoteStockSplitConversionRatio1"
	pure        = "pure"
)

func init() {
	for _, byTaxonomy := range []map[string]tags{splitAmounts, splitCounts, {usGAAP.name: {statedRatio}}} {
		for taxonomy, tags := range byTaxonomy {
			for _, tag := range tags {
				countedTags[taxonomy][tag] = true
			}
		}
	}
}

// notedDays is how many days before a filing shows a split its ratio may be stated.
const notedDays = 400

// mostTrailingZeros is how many zeros at the end of a number of shares can come from rounding.
const mostTrailingZeros = 6

// A ratio is exact; near is the next float, which decides unless it is too close.
type ratio struct {
	exact *big.Rat
	near  float64
}

func newRatio(exact *big.Rat) *ratio {
	near, _ := exact.Float64()
	return &ratio{exact, near}
}

func (r *ratio) inverse() *ratio { return newRatio(new(big.Rat).Inv(r.exact)) }

var (
	unity       = newRatio(big.NewRat(1, 1))
	largeError  = newRatio(big.NewRat(600, 1)) // as large a change is an error of scale
	smallError  = newRatio(big.NewRat(1, 600)) // and as small a one
	sharpness   = newRatio(big.NewRat(5, 4))   // of an interval that counts
	steadiness  = newRatio(big.NewRat(103, 100))
	splitRatios = possibleRatios()
)

// possibleRatios are the ratios that are looked for.
func possibleRatios() (all []*ratio) {
	add := func(n, d int64) { all = append(all, newRatio(big.NewRat(n, d))) }
	for n := int64(2); n <= 50; n++ {
		add(n, 1)
		add(1, n)
	}
	for _, n := range []int64{60, 75, 80, 100} {
		add(n, 1)
		add(1, n)
	}
	for _, n := range []int64{70, 90, 120, 125, 150, 200, 250, 300, 400, 500} {
		add(1, n)
	}
	for _, r := range [][2]int64{
		{3, 2}, {5, 2}, {7, 2}, {4, 3}, {5, 3}, {7, 4}, {7, 5}, {8, 5}, {9, 5}, {2, 3}, {3, 4},
	} {
		add(r[0], r[1])
	}
	for _, hundredths := range []int64{102, 103, 104, 105, 106, 107, 108, 110, 115, 120, 125, 130} {
		add(hundredths, 100)
	}
	return all
}

// A rounded is the size of a value as filed: it may be half a unit more or less, in units of 1/10^decimals.
type rounded struct {
	size     int64
	times    int64 // what brings the size to the unit
	doubt    int64 // twice what it may be off
	decimals uint8
}

// roundedAmount takes a unit of at most 0.01, and a sum for as many times as uncertain as it has parts.
func roundedAmount(f fact, parts int64) rounded {
	r := rounded{max(f.coef, -f.coef), 1, parts, f.decimals}
	for ; r.decimals < 2; r.decimals++ {
		r.times *= 10
	}
	return r
}

func roundedCount(f fact) rounded {
	r := rounded{max(f.coef, -f.coef), 1, 1, 0}
	for n, z := r.size, 0; n%10 == 0 && n != 0 && z < mostTrailingZeros; n, z = n/10, z+1 {
		r.doubt *= 10
	}
	return r
}

// exact returns the bound on one side: the lower for -1, the upper for 1.
func (r rounded) exact(side int64) *big.Rat {
	n := new(big.Int).Mul(big.NewInt(r.size), big.NewInt(2*r.times))
	n.Add(n, big.NewInt(side*r.doubt))
	d := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(r.decimals)), nil)
	return new(big.Rat).SetFrac(n, d.Lsh(d, 1))
}

// near returns the bound as a float, off by a few of its last bits.
func (r rounded) near(side int64) float64 {
	if r.size < 1<<44 { // so that all of this is exact
		return float64(2*r.times*r.size+side*r.doubt) / (2 * powersOfTen[r.decimals])
	}
	near, _ := r.exact(side).Float64()
	return near
}

var powersOfTen = func() (powers [maxPlaces + 1]float64) {
	for i := range powers {
		powers[i] = math.Pow10(i)
	}
	return powers
}()

// A splitPair is what two consecutive filings say about one thing. The true change lies between low and high.
type splitPair struct {
	older, newer int32 // filings
	tag          string
	period       span // without a start for an instant
	isAmount     bool
	isSharp      bool
	from, to     rounded // for amounts the newer and the older, as they fall when shares become more
	low, high    float64
}

// newSplitPair returns a pair of facts, false for two that say nothing.
func newSplitPair(tag string, isAmount bool, older, newer fact) (splitPair, bool) {
	//exhaustruct:ignore the rest follows
	p := splitPair{older: older.filing, newer: newer.filing, tag: tag, period: span{newer.start, newer.end}, isAmount: isAmount}
	parts := int64(1)
	if isAmount && strings.Contains(tag, "Dividends") { // a sum of rounded quarters
		parts = map[class]int64{half: 2, nineMonths: 3, year: 4}[newer.class]
		parts = max(parts, 1)
	}
	if !p.change(isAmount, parts, older, newer) {
		return p, false
	}
	p.isSharp = p.spread(sharpness) <= 0
	return p, true
}

// change finds how much the number of shares may have changed from one value to another, false for two that say nothing. An
// amount may be a sum of several that were rounded.
func (p *splitPair) change(isAmount bool, parts int64, older, newer fact) bool {
	if older.coef == 0 || newer.coef == 0 || (older.coef < 0) != (newer.coef < 0) {
		return false
	}
	if isAmount {
		p.from, p.to = roundedAmount(newer, parts), roundedAmount(older, parts)
	} else {
		p.from, p.to = roundedCount(older), roundedCount(newer)
	}
	if p.from.near(-1) <= 0 || p.to.near(-1) <= 0 {
		return false
	}
	p.low, p.high = p.to.near(-1)/p.from.near(1), p.to.near(1)/p.from.near(-1)
	return p.compareHigh(largeError, unity) < 0 && p.compareLow(smallError, unity) > 0
}

func (p *splitPair) exactLow() *big.Rat  { return new(big.Rat).Quo(p.to.exact(-1), p.from.exact(1)) }
func (p *splitPair) exactHigh() *big.Rat { return new(big.Rat).Quo(p.to.exact(1), p.from.exact(-1)) }

// isClear tells whether two floats differ by far more than they are off.
func isClear(a, b float64) bool {
	const tolerance = 1e-12
	return math.Abs(a-b) > tolerance*max(math.Abs(a), math.Abs(b)) && !math.IsInf(a, 0) && !math.IsInf(b, 0) && a != 0 && b != 0
}

// compareLow compares the lower bound with r times another ratio.
func (p *splitPair) compareLow(r, times *ratio) int {
	if near := r.near * times.near; isClear(p.low, near) {
		return cmp.Compare(p.low, near)
	}
	return p.exactLow().Cmp(new(big.Rat).Mul(r.exact, times.exact))
}

// compareHigh compares the upper bound with r times another ratio.
func (p *splitPair) compareHigh(r, times *ratio) int {
	if near := r.near * times.near; isClear(p.high, near) {
		return cmp.Compare(p.high, near)
	}
	return p.exactHigh().Cmp(new(big.Rat).Mul(r.exact, times.exact))
}

// spread compares the upper bound with times the lower one.
func (p *splitPair) spread(times *ratio) int {
	if near := p.low * times.near; isClear(p.high, near) {
		return cmp.Compare(p.high, near)
	}
	return p.exactHigh().Cmp(new(big.Rat).Mul(p.exactLow(), times.exact))
}

// contains tells whether the interval, divided by a ratio, contains r.
func (p *splitPair) contains(r, divided *ratio) bool {
	return p.compareLow(r, divided) <= 0 && p.compareHigh(r, divided) >= 0
}

// splitPairs returns the pairs of the first filings, by their newer one.
func (c *CompanyFacts) splitPairs(known int32) (pairs []splitPair) {
	for key, s := range c.series {
		isCount := key.unit == "shares" && slices.Contains(splitCounts[key.taxonomy], key.tag)
		currency, perShare := strings.CutSuffix(key.unit, "/shares")
		isAmount := perShare && slices.Contains(splitAmounts[key.taxonomy], key.tag)
		if !isCount && !isAmount {
			continue
		}
		var profits []series
		isEarnings := isAmount && !strings.Contains(key.tag, "Dividends")
		if isEarnings {
			for _, tag := range taxonomyOf(key.taxonomy).profits() {
				profits = append(profits, c.series[seriesKey{key.taxonomy, tag, currency}])
			}
		}
		s = slices.Clone(s)
		slices.SortStableFunc(s, func(a, b fact) int {
			return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.start, b.start), cmp.Compare(a.filing, b.filing))
		})
		isSame := func(a, b fact) bool { return a.end == b.end && a.start == b.start }
		var older *fact
		for i := range s {
			f := &s[i]
			if f.filing >= known || i+1 < len(s) && isSame(*f, s[i+1]) && f.filing == s[i+1].filing {
				continue // the last fact of a filing counts
			}
			if older != nil && isSame(*older, *f) {
				p, ok := newSplitPair(key.tag, isAmount, *older, *f)
				if ok && (!isEarnings || sameProfit(profits, *older, *f)) {
					pairs = append(pairs, p)
				}
			}
			older = f
		}
	}
	slices.SortFunc(pairs, func(a, b splitPair) int { return cmp.Compare(a.newer, b.newer) })
	return pairs
}

// sameProfit tells whether the first profit that both filings of earnings per share have is all but the same in both.
func sameProfit(profits []series, older, newer fact) bool {
	in := func(s series, eps fact) (profit fact, found bool) {
		for _, f := range s.endingAt(eps.end) {
			if f.filing == eps.filing && f.start == eps.start {
				profit, found = f, true
			}
		}
		return profit, found
	}
	for _, s := range profits {
		before, ok := in(s, older)
		if !ok {
			continue
		}
		if now, ok := in(s, newer); ok {
			const parts = 200 // half a per cent
			change := new(big.Int).Sub(big.NewInt(now.coef), big.NewInt(before.coef))
			return change.Mul(change, big.NewInt(parts)).CmpAbs(big.NewInt(before.coef)) <= 0
		}
	}
	return false
}

// Splits returns the splits that filings show, and those that were rejected, in the order of the filings, from what was
// filed on or before a day, all filings for the zero time.
func (c *CompanyFacts) Splits(asOf time.Time) []value.FoundSplit {
	f := c.newSplitFinder(c.filedBy(asOf))
	for range f.filingDays {
	}
	splits := make([]value.FoundSplit, len(f.found))
	for i := range f.found {
		splits[i] = f.split(i)
	}
	return splits
}

// acceptedSplits returns those that count.
func (c *CompanyFacts) acceptedSplits(asOf time.Time) []value.Split {
	var splits []value.Split
	for _, f := range c.Splits(asOf) {
		if f.Accepted {
			splits = append(splits, value.Candidate(&f))
		}
	}
	return splits
}

// SplitHistory returns every version of every split, in the order of the filings. On each day the versions that hold are
// what Splits gives for it.
func (c *CompanyFacts) SplitHistory() []SplitVersion { return slices.Clone(c.splitHistory()) }

func (c *CompanyFacts) findSplitHistory() []SplitVersion {
	f := c.newSplitFinder(int32(len(c.filings)))
	var versions []SplitVersion
	var open []int // by split, the index of its version that holds
	for today := range f.filingDays {
		for i := range f.found {
			now := f.split(i)
			if i < len(open) {
				before := &versions[open[i]]
				if before.EffectiveAfter.Equal(now.EffectiveAfter) && before.EffectiveBy.Equal(now.EffectiveBy) {
					continue // nothing else of it changes
				}
				before.To = new(today.time())
				open[i] = len(versions)
			} else {
				open = append(open, len(versions))
			}
			versions = append(versions, SplitVersion{now, i, today.time(), nil})
		}
	}
	return versions
}

// splitsOn returns the splits that were found by a day, as the versions that held on it show them.
func splitsOn(today time.Time, versions []SplitVersion) []value.Split {
	var splits []value.Split
	for i := range versions {
		if v := &versions[i]; v.Accepted && !v.From.After(today) && (v.To == nil || v.To.After(today)) {
			splits = append(splits, value.Candidate(&v.FoundSplit))
		}
	}
	return splits
}

func (c *CompanyFacts) newSplitFinder(known int32) *splitFinder {
	//exhaustruct:ignore nothing is found yet
	return &splitFinder{CompanyFacts: c, known: known, pairs: c.splitPairs(known), stated: c.series[seriesKey{usGAAP.name, statedRatio, pure}]}
}

// filingDays looks at one filing after the other, and yields each day on which one has pairs, after the last of that day.
func (f *splitFinder) filingDays(yield func(day) bool) {
	for i := 0; i < len(f.pairs); {
		n := i + 1
		for n < len(f.pairs) && f.pairs[n].newer == f.pairs[i].newer {
			n++
		}
		f.decide(i, n)
		today := f.filedOn(f.pairs[i].newer)
		i = n
		if (n == len(f.pairs) || f.filedOn(f.pairs[n].newer) > today) && !yield(today) {
			return
		}
	}
}

// split returns one that was found, as it stands.
func (f *splitFinder) split(i int) value.FoundSplit {
	s := &f.found[i]
	shown := &f.filings[s.filing]
	return value.FoundSplit{
		Ratio: s.ratio.exact, EffectiveAfter: s.narrowed.time(), EffectiveBy: s.by.time(), KnownFrom: shown.filed.time(),
		Accession: shown.accession, Support: s.yes, Contradict: s.no, Noted: s.noted, Accepted: s.accepted, TradedOn: nil,
	}
}

type splitFinder struct {
	*CompanyFacts
	known  int32
	pairs  []splitPair
	stated series // ratios
	found  []candidate
	undone map[day]*ratio // by the filing day of the older fact; made anew when something is found
}

// A candidate is a ratio that the pairs of a filing show.
type candidate struct {
	ratio     *ratio
	filing    int32
	after, by day
	narrowed  day // what after is in the end
	yes, no   int
	noted     bool
	accepted  bool
	hasCount  bool
	offMiddle float64 // how far the ratio is from the middle of what the pairs allow, as a logarithm
}

func (f *splitFinder) filedOn(filing int32) day { return f.filings[filing].filed }

// since is the product of the ratios of the splits found so far that a fact filed on a day does not hold.
func (f *splitFinder) since(filed day) *ratio {
	if r := f.undone[filed]; r != nil {
		return r
	}
	product := unity
	for _, s := range f.found {
		if s.accepted && filed < s.by {
			product = newRatio(new(big.Rat).Mul(product.exact, s.ratio.exact))
		}
	}
	if f.undone == nil {
		f.undone = make(map[day]*ratio)
	}
	f.undone[filed] = product
	return product
}

// decide looks for a split in the pairs whose newer fact is in one filing, f.pairs[from:to].
func (f *splitFinder) decide(from, to int) {
	pairs := f.pairs[from:to]
	for i := range f.found {
		f.narrowByLater(&f.found[i], from, to)
	}
	var sharp, changed []*splitPair
	for again := true; again; again = f.seenLate(changed, to) {
		sharp, changed = sharp[:0], changed[:0]
		for i := range pairs {
			if p := &pairs[i]; p.isSharp {
				sharp = append(sharp, p)
				if !p.contains(unity, f.since(f.filedOn(p.older))) {
					changed = append(changed, p)
				}
			}
		}
	}
	if len(changed) == 0 {
		return
	}
	var candidates []candidate
	for _, r := range splitRatios {
		if c := f.candidate(r, sharp, changed); c.yes > 0 {
			candidates = append(candidates, c)
		}
	}
	if len(candidates) == 0 {
		return
	}
	best := slices.MinFunc(candidates, func(a, b candidate) int {
		return cmp.Or(-compareBools(a.accepted, b.accepted), -compareBools(a.noted, b.noted), cmp.Compare(b.yes, a.yes),
			cmp.Compare(a.offMiddle, b.offMiddle))
	})
	if !best.noted && !best.hasCount {
		alike := 0
		for _, c := range candidates {
			if c.yes >= best.yes {
				alike++
			}
		}
		best.accepted = best.accepted && alike == 1
	}
	best.narrowed = best.after
	f.found = append(f.found, best)
	if best.accepted {
		f.undone = nil
		f.narrow(&f.found[len(f.found)-1], to)
	}
}

// seenLate moves the end of the interval of a split found before, if facts filed within it prove to be on the new basis:
// to the day on which the first of them was filed. It reports whether one was moved.
func (f *splitFinder) seenLate(changed []*splitPair, to int) bool {
	const enough = 2
	for i := range f.found {
		s := &f.found[i]
		if !s.accepted {
			continue
		}
		back := s.ratio.inverse()
		n, first := 0, s.by
		for _, p := range changed {
			filed := f.filedOn(p.older)
			if s.after < filed && filed < s.by && p.contains(back, f.since(filed)) {
				n++
				first = min(first, filed)
			}
		}
		if n >= enough {
			s.by, f.undone = first, nil
			f.narrow(s, to)
			return true
		}
	}
	return false
}

// candidate weighs a ratio.
func (f *splitFinder) candidate(r *ratio, sharp, changed []*splitPair) candidate {
	//exhaustruct:ignore the rest follows
	c := candidate{ratio: r}
	var first *splitPair
	spans, hasAmount := false, false
	low, high := 0.0, math.Inf(1)
	for _, p := range changed {
		since := f.since(f.filedOn(p.older))
		if !p.contains(r, since) {
			continue
		}
		c.yes++
		c.filing = p.newer
		if first == nil {
			first = p
		}
		spans = spans || p.tag != first.tag || p.period != first.period
		hasAmount = hasAmount || p.isAmount
		c.hasCount = c.hasCount || !p.isAmount
		c.after = max(c.after, f.filedOn(p.older))
		low, high = max(low, p.low/since.near), min(high, p.high/since.near)
	}
	if c.yes == 0 {
		return c
	}
	hasCounts := false
	for _, p := range sharp {
		if !p.contains(r, f.since(f.filedOn(p.older))) {
			c.no++
		}
		hasCounts = hasCounts || !p.isAmount
	}
	c.by = f.filedOn(c.filing)
	c.noted = f.isNoted(r, c.by)
	c.offMiddle = math.Abs(2*math.Log(r.near) - math.Log(low) - math.Log(high))
	c.accepted = (spans || c.noted) && c.yes > c.no && (hasAmount || c.noted) && (c.hasCount || !hasCounts)
	return c
}

// isNoted tells whether a ratio or its inverse is stated in what was filed on a day, or shortly before.
func (f *splitFinder) isNoted(r *ratio, on day) bool {
	return slices.ContainsFunc(f.stated, func(stated fact) bool {
		filed := f.filedOn(stated.filing)
		if stated.filing >= f.known || stated.coef <= 0 || filed > on || filed < on-notedDays {
			return false
		}
		is := stated.decimal().Rat()
		return is.Cmp(r.exact) == 0 || is.Inv(is).Cmp(r.exact) == 0
	})
}

// narrow finds the last filing that the pairs up to one prove to be on the old basis: one that repeats what stood in those
// before, or one that a later filing restates.
func (f *splitFinder) narrow(s *candidate, to int) {
	s.narrowed = s.after
	first, _ := slices.BinarySearchFunc(f.pairs[:to], s.after+1, func(p splitPair, d day) int { return cmp.Compare(f.filedOn(p.newer), d) })
	for i := first; i < to; i++ {
		p := &f.pairs[i]
		filed := f.filedOn(p.newer)
		if filed >= s.by {
			break
		}
		if filed > s.narrowed && f.filedOn(p.older) <= s.narrowed && p.contains(unity, unity) && p.spread(steadiness) < 0 {
			s.narrowed = filed
		}
	}
	f.narrowByLater(s, first, to)
}

// narrowByLater has a split begin after what the pairs f.pairs[from:to] restate by its ratio.
func (f *splitFinder) narrowByLater(s *candidate, from, to int) {
	if !s.accepted {
		return
	}
	for i := from; i < to; i++ {
		p := &f.pairs[i]
		filed := f.filedOn(p.older)
		if s.narrowed < filed && filed < s.by && f.filedOn(p.newer) > s.by && p.contains(s.ratio, unity) && !p.contains(unity, unity) {
			s.narrowed = filed
		}
	}
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
