import type { Schemas } from "../api.ts";

type User = Schemas["User"];
type Change = Schemas["UserUpdate"];

/** What a form changes about an account: what stays as it is is not sent, so that it needs no password. */
export function changes(user: User, form: FormData): Change {
  const value = (name: string) => {
    const v = form.get(name);
    return typeof v === "string" ? v.trim() : "";
  };
  const email = value("email");
  const full_name = value("full_name") || null;
  const is_active = form.has("is_active");
  const is_superuser = form.has("is_superuser");
  const current_password = form.get("current_password");
  return {
    ...(email !== user.email && { email }),
    ...(full_name !== user.full_name && { full_name }),
    ...(is_active !== user.is_active && { is_active }),
    ...(is_superuser !== user.is_superuser && { is_superuser }),
    ...(typeof current_password === "string" && current_password !== "" && { current_password }),
  };
}
