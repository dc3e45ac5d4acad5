package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"strings"
)

// An API key is KeyPrefix, 8 characters that are public, 32 that are secret (190 bits), and 6 of a checksum, by which
// scanners tell it from anything else: the CRC-32 (IEEE) of what comes before, in base 62.
const (
	KeyPrefix   = "ev_"
	keyPublic   = len(KeyPrefix) + 8
	keyUnsummed = keyPublic + 32
	keyLength   = keyUnsummed + 6
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// NewKey returns a random API key, its public beginning, and its hash to store.
func NewKey() (key, public string, hash []byte) {
	b := []byte(KeyPrefix)
	for len(b) < keyUnsummed {
		var random [64]byte
		_, _ = rand.Read(random[:]) // never fails
		for _, r := range random {
			if r /= 4; int(r) < len(base62) && len(b) < keyUnsummed { // else some characters would be likelier
				b = append(b, base62[r])
			}
		}
	}
	key = string(b) + checksum(string(b))
	return key, key[:keyPublic], hashKey(key)
}

// HashKey returns the hash by which a stored key is found. What cannot be a key is not ok.
func HashKey(key string) (hash []byte, ok bool) {
	if len(key) != keyLength || !strings.HasPrefix(key, KeyPrefix) || checksum(key[:keyUnsummed]) != key[keyUnsummed:] {
		return nil, false
	}
	return hashKey(key), true
}

// hashKey needs no slow hash: nobody guesses 190 bits.
func hashKey(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

func checksum(s string) string {
	sum := crc32.ChecksumIEEE([]byte(s))
	var digits [keyLength - keyUnsummed]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[sum%62]
		sum /= 62
	}
	return string(digits[:])
}
