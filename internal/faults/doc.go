// Package faults disturbs the real program and its real database while clients write, and counts what that costs: kills,
// restarts, outages, locks, a full disk. Its tests have the build tag faults: "make test-faults".
package faults
