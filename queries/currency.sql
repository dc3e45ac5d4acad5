-- name: IsCurrency :one
SELECT is_currency(@code::text)::boolean;
