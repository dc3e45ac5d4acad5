package app

// The generated conversions use the functions below, by their types.

func asText(s string) string { return s }
func asInt(n int32) int      { return int(n) }
func asInt32(n int) int32    { return int32(n) }
