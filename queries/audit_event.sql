-- name: CreateAuditEvent :exec
INSERT INTO audit_event (action, reason, actor_id, api_key_id, target_type, target, detail, client, request_id)
VALUES (@action, @reason, @actor_id, @api_key_id, @target_type, @target, @detail, @client, @request_id);
