package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/edgar/edgartest"
)

// A target is what an operation is called on.
type target struct {
	token string            // "" is the superuser's
	path  map[string]string // parameters
	keep  map[string]any    // properties that must have these values
	email string            // of the user concerned, where no answer tells
}

// targets says what operations are called on, if not on what pathValues make, for a superuser.
var targets = map[string]func(*fixture) target{
	"updateCurrentUser": func(f *fixture) target {
		return target{token: f.newUser().token, keep: current()}
	},
	"updateCurrentUserPassword": func(f *fixture) target {
		return target{token: f.userToken, keep: current(), email: f.userEmail}
	},
	"deleteCurrentUser": func(f *fixture) target { return target{token: f.newUser().token, keep: current()} },
	"createTOTP":        func(f *fixture) target { return target{token: f.newUser().token, keep: current()} },
	"confirmTOTP": func(f *fixture) target {
		u := f.newUser()
		u.start()
		return target{token: u.token, keep: map[string]any{"code": u.code()}}
	},
	"deleteTOTP":          withSecondFactor,
	"createRecoveryCodes": withSecondFactor,
	"confirmEmail": func(f *fixture) target {
		u, email := f.newUser(), unique("new")+"@example.com"
		f.requestEmail(u.token, email)
		return target{keep: map[string]any{"token": f.confirmToken(email, 1)}}
	},
	"updateUser": func(f *fixture) target {
		return target{path: map[string]string{"id": itoa(f.createUser(unique("user") + "@example.com").ID)}, keep: current()}
	},
	"resetPassword": func(f *fixture) target {
		email := string(f.createUser(unique("lost") + "@example.com").Email)
		_, err := f.anon.RecoverPassword(f.t.Context(), &oas.PasswordRecovery{Email: oas.Email(email)})
		require.NoError(f.t, err)
		return target{keep: map[string]any{"token": f.mailedToken(email)}, email: email}
	},
	"recoverPassword": func(f *fixture) target {
		email := string(f.createUser(unique("lost") + "@example.com").Email)
		return target{keep: map[string]any{"email": email}}
	},
	"registerUser": func(*fixture) target {
		email := unique("new") + "@example.com"
		return target{keep: map[string]any{"email": email}, email: email}
	},
	"activateUser": func(f *fixture) target {
		return target{keep: map[string]any{"token": f.register(unique("new") + "@example.com")}}
	},
	"createCookieSession": func(f *fixture) target {
		u := f.newUser()
		return target{keep: map[string]any{"email": u.email, "password": password, "otp": u.enrol()[0]}}
	},
	"createApiKey": func(*fixture) target { return target{keep: map[string]any{"current_password": password}} },
}

// pathValues make something new for a parameter in the path.
var pathValues = map[string]func(*fixture) string{}

// current is what the properties are that show who somebody is.
func current() map[string]any { return map[string]any{"current_password": password} }

func withSecondFactor(f *fixture) target {
	u := f.newUser()
	keep := current()
	keep["code"] = u.enrol()[0]
	return target{token: u.token, keep: keep}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// done checks what a property does that no answer shows.
var done = map[string]func(f *fixture, to target, value string, answer map[string]any){
	"createUser password": logsIn,
	"registerUser password": func(f *fixture, to target, value string, _ map[string]any) {
		_, err := f.anon.ActivateUser(f.t.Context(), &oas.Activation{Token: f.mailedToken(to.email)})
		require.NoError(f.t, err)
		f.login(to.email, value)
	},
	"registerUser full_name": func(f *fixture, to target, value string, _ map[string]any) {
		assert.Equal(f.t, 1, f.count(`SELECT count(*) FROM (SELECT email, full_name FROM registration UNION
			SELECT email, full_name FROM user_account) AS a WHERE email = $1 AND full_name = $2`, to.email, value))
	},
	"recoverPassword email":                  func(f *fixture, _ target, value string, _ map[string]any) { f.mailedToken(value) },
	"updateUser password":                    logsIn,
	"updateCurrentUserPassword new_password": logsIn,
	"resetPassword new_password":             logsIn,
	"createApiKey expires_in_days": func(f *fixture, _ target, value string, answer map[string]any) {
		assert.Equal(f.t, 1, f.count("SELECT count(*) FROM api_key WHERE id = $1::text::bigint AND expires_at = created_at + make_interval(days => $2::text::integer)",
			answer["id"], value))
	},
	"updateCurrentUser email": func(f *fixture, _ target, value string, answer map[string]any) {
		assert.Equal(f.t, value, answer["pending_email"])
	},
	"sendTestEmail email_to": func(f *fixture, _ target, value string, _ map[string]any) {
		f.mails.wait(f.t, value, "", 1)
	},
	"startTestJob word": func(f *fixture, _ target, value string, answer map[string]any) {
		assert.Equal(f.t, 1, f.count("SELECT count(*) FROM river_job WHERE id = $1::text::bigint AND args ->> 'word' = $2",
			answer["id"], value))
	},
}

// logsIn requires that a password is the target's, or that of the user in the answer, whom it activates first.
func logsIn(f *fixture, to target, password string, answer map[string]any) {
	if to.email == "" {
		id, err := answer["id"].(json.Number).Int64()
		require.NoError(f.t, err)
		u, err := f.super.UpdateUser(f.t.Context(), &oas.UserUpdate{IsActive: oas.NewOptBool(true)}, oas.UpdateUserParams{ID: id})
		require.NoError(f.t, err)
		to.email = string(u.Email)
	}
	f.login(to.email, password)
}

// Every property that can be written is: with a value of its own it is found in the answer, or does what it is for.
func TestEveryPropertyIsWritten(t *testing.T) {
	t.Parallel()
	f := setup(t, options{
		jobs: true,
		app:  asking(edgartest.New(fstest.MapFS{}), t), // newproject:companies
	})
	tested := 0
	for _, op := range operations() {
		if op.RequestBody == nil || op.RequestBody.Value.Content["application/json"] == nil {
			continue
		}
		tested++
		schema := op.RequestBody.Value.Content["application/json"].Schema.Value
		t.Run(op.OperationID, func(t *testing.T) {
			t.Parallel()
			f := f.in(t)
			to := f.target(op)
			var v inventor
			body := v.object(schema)
			for name, value := range to.keep {
				require.Contains(t, body, name)
				body[name] = value
			}
			f.write(op, to, body)
			if op.method != http.MethodPatch {
				return
			}
			for name, property := range schema.Properties { // each alone leaves the others as they are
				if _, ok := to.keep[name]; ok {
					continue
				}
				before := f.write(op, to, nil)
				value := v.value(name, property.Value)
				if is, ok := before[name].(bool); ok {
					value = !is
				}
				alone := maps.Clone(to.keep)
				if alone == nil {
					alone = map[string]any{}
				}
				alone[name] = value
				after := f.write(op, to, alone)
				for other := range schema.Properties {
					if other != name {
						assert.Equal(t, before[other], after[other], "%s after a change of %s", other, name)
					}
				}
				if property.Value.Type.Includes("null") {
					assert.Nil(t, f.write(op, to, map[string]any{name: nil})[name], name)
				}
			}
		})
	}
	assert.Greater(t, tested, 10)
}

func (f *fixture) target(op *operation) (to target) {
	f.t.Helper()
	if prepare := targets[op.OperationID]; prepare != nil {
		to = prepare(f)
	}
	if to.token == "" && op.Security != nil {
		to.token = f.superToken
	}
	if to.path == nil {
		to.path = map[string]string{}
	}
	for _, p := range op.params {
		if p.In == "path" && to.path[p.Name] == "" {
			require.Contains(f.t, pathValues, p.Name, "targets must say what %s is called on", op.OperationID)
			to.path[p.Name] = pathValues[p.Name](f)
		}
	}
	return to
}

// write calls an operation with a body and requires that each property arrives. It returns the answer.
func (f *fixture) write(op *operation, to target, body map[string]any) (answer map[string]any) {
	f.t.Helper()
	path := op.path
	for name, value := range to.path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	if body == nil {
		body = map[string]any{}
	}
	text, err := json.Marshal(body)
	require.NoError(f.t, err)
	res, out := f.callJSON(to.token, op.method, path, string(text))
	require.Equal(f.t, op.success(), res.StatusCode, "%s\n%s", text, out)
	if len(out) > 0 {
		d := json.NewDecoder(bytes.NewReader(out))
		d.UseNumber()
		require.NoError(f.t, d.Decode(&answer))
	}
	for name, sent := range body {
		if check := done[op.OperationID+" "+name]; check != nil {
			check(f, to, fmt.Sprint(sent), answer)
		} else if got, ok := answer[name]; ok {
			arrived(f.t, name, sent, got)
		} else {
			assert.Contains(f.t, to.keep, name, "neither the answer shows this property of %s, nor is it in done", op.OperationID)
		}
	}
	// newproject:companies
	if listings, ok := body["listings"].([]any); ok && to.path["ticker"] != "" {
		to.path["ticker"] = listings[0].(map[string]any)["ticker"].(string)
	}
	// newproject:end
	return answer
}

// arrived compares what was sent with what came back, which may have further properties.
func arrived(t *testing.T, name string, sent, got any) {
	t.Helper()
	switch sent := sent.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		require.True(t, ok, name)
		for key, value := range sent {
			arrived(t, name+"/"+key, value, got[key])
		}
	case []any:
		got, ok := got.([]any)
		require.True(t, ok, name)
		require.Len(t, got, len(sent), name)
		for i, value := range sent {
			arrived(t, fmt.Sprint(name, "/", i), value, got[i])
		}
	case json.Number:
		n, ok := got.(json.Number)
		require.True(t, ok, "%s: %v", name, got)
		assert.True(t, decimal.RequireFromString(sent.String()).Equal(decimal.RequireFromString(n.String())), "%s: %s, got %s", name, sent, n)
	default:
		assert.Equal(t, sent, got, name)
	}
}

// An inventor makes values that a schema allows and that are not the default, each another one. The days of an object
// are in the order of its properties' names.
type inventor struct{ n int }

// special are the properties whose schema does not say all about their values.
var special = map[string]func(n int) any{
	"email":        func(int) any { return strings.ToLower(unique("new")) + "@example.com" },
	"email_to":     func(int) any { return strings.ToLower(unique("to")) + "@example.com" },
	"password":     func(int) any { return unique("battery staple ") },
	"new_password": func(int) any { return unique("battery staple ") },
	"scopes":       func(int) any { return []any{"read", "write"} },
}

func (v *inventor) object(schema *openapi3.Schema) map[string]any {
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		object[name] = v.value(name, schema.Properties[name].Value)
	}
	return object
}

func (v *inventor) value(name string, schema *openapi3.Schema) any {
	v.n++
	if invent := special[name]; invent != nil {
		if value := invent(v.n); schema.VisitJSON(value) == nil {
			return value
		}
	}
	switch {
	case len(schema.OneOf) > 0: // or null
		return v.value(name, schema.OneOf[0].Value)
	case len(schema.Enum) > 0:
		return schema.Enum[len(schema.Enum)-1]
	case schema.Type.Includes("boolean"):
		return schema.Default != true
	case schema.Type.Includes("integer"):
		least, most := 0.0, 1e15
		if schema.Min != nil {
			least = *schema.Min
		}
		if schema.Max != nil {
			most = *schema.Max
		}
		return json.Number(itoa(int64(least) + int64(v.n)%(int64(most-least)+1)))
	case schema.Type.Includes("number"):
		return json.Number(fmt.Sprintf("%d.25", v.n))
	case schema.Type.Includes("string") && schema.Format == "date":
		return day("2020-01-01").AddDate(0, 0, v.n).Format(time.DateOnly)
	case schema.Type.Includes("string") && schema.Format == "date-time":
		return day("2020-01-01").AddDate(0, 0, v.n).Format(time.RFC3339)
	case schema.Type.Includes("string") && schema.Format == "" && schema.Pattern == "":
		text := fmt.Sprintf("%s no. %d", name, v.n)
		for uint64(len(text)) < schema.MinLength {
			text += "."
		}
		if schema.MaxLength != nil {
			text = strings.TrimSpace(text[max(0, len(text)-int(*schema.MaxLength)):])
		}
		return text
	case schema.Type.Includes("array"):
		items := []any{v.value(name, schema.Items.Value), v.value(name, schema.Items.Value)}
		if last, ok := items[1].(map[string]any); ok && last["primary"] == true { // one may be
			last["primary"] = false
		}
		return items
	case schema.Type.Includes("object"):
		return v.object(schema)
	}
	panic(fmt.Sprintf("no value for %s: special must have one", name))
}
