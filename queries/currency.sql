-- name: HasCurrency :one
SELECT EXISTS (SELECT FROM currency WHERE code = @code);
