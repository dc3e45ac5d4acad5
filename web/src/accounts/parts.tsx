import { useState, type ReactNode } from "react";
import { Field } from "../ui/form.tsx";
import { Button, Card, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";

/** A page of one small form. */
export function Narrow({ title, children, below }: { title: string; children: ReactNode; below?: ReactNode }) {
  useTitle(title);
  return (
    <div className="mx-auto max-w-md space-y-4 py-6">
      <h1>{title}</h1>
      <Card className="space-y-3">{children}</Card>
      {below !== undefined && <div className="space-y-1 text-sm text-soft">{below}</div>}
    </div>
  );
}

/** The email address of an account, as password managers know it. */
export function EmailField({ name = "email", label = t.accounts.email, defaultValue }: { name?: string; label?: string; defaultValue?: string }) {
  return <Field name={name} label={label} type="email" autoComplete="username" maxLength={254} required defaultValue={defaultValue} />;
}

/** A password that is to be. */
export function NewPassword({ name, label }: { name: string; label: string }) {
  return <Field name={name} label={label} type="password" autoComplete="new-password" minLength={12} maxLength={512} required hint={t.accounts.passwordHint} />;
}

/** The password that is, for what needs it again. */
export function CurrentPassword() {
  return <Field name="current_password" label={t.accounts.currentPassword} type="password" autoComplete="current-password" maxLength={1000} required />;
}

/** Copies a text, and says that it did. */
export function Copy({ text }: { text: string }) {
  const [said, setSaid] = useState<string>();
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setSaid(t.accounts.copied),
      () => setSaid(t.accounts.notCopied),
    );
  return (
    <>
      <Button onClick={() => void copy()}>{t.accounts.copy}</Button>
      <span role="status" className="self-center text-sm text-soft">
        {said}
      </span>
    </>
  );
}
