import { expect, it } from "vitest";
import { told } from "../src/admin/audit.ts";
import { changes } from "../src/admin/changes.ts";

it("tells what an event changed, then the rest", () => {
  expect(told({ before: { full_name: "Ada", is_active: true }, after: { full_name: "Ada Lovelace", note: null }, others: 2 })).toEqual([
    { field: "full_name", before: "Ada", after: "Ada Lovelace" },
    { field: "is_active", before: "true" },
    { field: "note", after: "null" },
    { field: "others", after: "2" },
  ]);
});

it("sends only what changes about an account", () => {
  const user = {
    id: 7,
    email: "ada@example.com",
    pending_email: null,
    full_name: null,
    is_active: true,
    is_superuser: false,
    totp_enabled: false,
    created_at: "2026-01-30T12:00:00Z",
    updated_at: "2026-01-30T12:00:00Z",
  };
  const form = new FormData();
  form.set("email", " ada@example.com ");
  form.set("full_name", "");
  form.set("is_active", "on");
  form.set("current_password", "");
  expect(changes(user, form)).toEqual({});
  form.delete("is_active");
  form.set("full_name", "Ada");
  form.set("current_password", "secret");
  expect(changes(user, form)).toEqual({ is_active: false, full_name: "Ada", current_password: "secret" });
});
