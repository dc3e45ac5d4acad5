package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTOTP(t *testing.T) {
	t.Parallel()
	factors := NewTOTP(secret)
	plain, uri, sealed, err := factors.New(42, "Edge Value", "ada@example.com")
	require.NoError(t, err)
	assert.Regexp(t, `^otpauth://totp/Edge%20Value:ada@example.com\?.*secret=`+plain, uri)
	assert.NotContains(t, string(sealed), plain)
	for offset, ok := range map[time.Duration]bool{
		-60 * time.Second: false, -30 * time.Second: true, 0: true, 30 * time.Second: true, 60 * time.Second: false,
	} {
		code, err := totp.GenerateCode(plain, start.Add(offset))
		require.NoError(t, err)
		step, err := factors.Step(42, sealed, code, start)
		require.NoError(t, err)
		assert.Equal(t, ok, step == start.Add(offset).Unix()/30, "%s: %d", offset, step)
		assert.Equal(t, ok, step != 0, offset)
	}
	for _, wrong := range []string{"", "x", "1234567", strings.Repeat("1", 1000)} {
		step, err := factors.Step(42, sealed, wrong, start)
		require.NoError(t, err)
		assert.Zero(t, step, wrong)
	}
	_, err = factors.Step(43, sealed, "123456", start)
	require.Error(t, err, "another user's")
	_, err = NewTOTP(secret+"x").Step(42, sealed, "123456", start)
	require.Error(t, err, "another key")
	assert.Panics(t, func() { NewTOTP("") })
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	codes, hashes := NewRecoveryCodes()
	require.Len(t, codes, 10)
	seen := map[string]bool{}
	for i, code := range codes {
		assert.Regexp(t, `^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$`, code)
		assert.Equal(t, hashes[i], HashRecoveryCode(" "+strings.ToLower(strings.ReplaceAll(code, "-", " "))))
		assert.False(t, seen[code])
		seen[code] = true
	}
}
