import { useState } from "react";
import { once, queryClient, unwrap, type Schemas } from "../api.ts";
import { page } from "../page.ts";
import { meQuery } from "../session.ts";
import { Confirm, Field, Form, Submit, text, useSubmission } from "../ui/form.tsx";
import { Button, Card, Notice } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { Copy, CurrentPassword } from "./parts.tsx";

type Codes = Schemas["RecoveryCodes"]["recovery_codes"];
/** A second factor that is being set up, with the dark and light modules of its QR code. */
type Offer = Schemas["TOTP"] & { modules: boolean[][] };

/** The second factor: set up, with new recovery codes, or removed. */
export function SecondFactor({ me }: { me: Schemas["User"] }) {
  const [codes, setCodes] = useState<Codes>();
  return (
    <Card title={t.accounts.secondFactor}>
      <div className="space-y-3">
        <p className="text-sm">
          {me.totp_enabled ? <strong className="text-good">{t.accounts.secondFactorOn}</strong> : <strong>{t.accounts.secondFactorOff}</strong>}{" "}
          <span className="text-soft">{me.totp_enabled ? t.accounts.secondFactorOnHint : t.accounts.secondFactorHint}</span>
        </p>
        {codes ? <RecoveryCodes codes={codes} kept={() => setCodes(undefined)} /> : me.totp_enabled ? <Enabled show={setCodes} /> : <Setup show={setCodes} />}
      </div>
    </Card>
  );
}

const changed = () => queryClient.invalidateQueries({ queryKey: meQuery.queryKey });

function Setup({ show }: { show: (codes: Codes) => void }) {
  const [totp, setTOTP] = useState<Offer>();
  const begin = useSubmission(async (form): Promise<Offer> => {
    const [{ default: encodeQR }, offered] = await Promise.all([
      import("qr"),
      unwrap(once.POST("/users/me/totp", { body: { current_password: text(form, "current_password") } })),
    ]);
    return { ...offered, modules: encodeQR(offered.uri, "raw", { border: 4 }) };
  }, setTOTP);
  const confirm = useSubmission(
    (form) => unwrap(once.POST("/users/me/totp/confirm", { body: { code: text(form, "code").replaceAll(/\s/g, "") } })),
    async ({ recovery_codes }) => {
      show(recovery_codes);
      await changed();
    },
  );
  if (!totp) {
    return (
      <Confirm safe button={t.accounts.setUp} title={t.accounts.setUpSecondFactor} action={t.accounts.goOn} submission={begin}>
        <CurrentPassword />
      </Confirm>
    );
  }
  return (
    <div className="flex flex-wrap items-start gap-x-6 gap-y-3">
      <QR modules={totp.modules} />
      <div className="min-w-60 flex-1 space-y-3">
        <p className="text-sm">{t.accounts.scan}</p>
        <div>
          <p className="text-xs text-soft">{t.accounts.secret}</p>
          <div className="flex flex-wrap items-center gap-2">
            <code className="text-sm break-all select-all">{totp.secret.replaceAll(/(.{4})(?=.)/g, "$1 ")}</code>
            <Copy text={totp.secret} />
          </div>
        </div>
        <Form submission={confirm}>
          <Code label={t.accounts.appCode} autoFocus />
          <div className="flex flex-wrap gap-2">
            <Submit>{t.accounts.turnOn}</Submit>
            <Button onClick={() => setTOTP(undefined)}>{t.form.cancel}</Button>
          </div>
        </Form>
      </div>
    </div>
  );
}

function Enabled({ show }: { show: (codes: Codes) => void }) {
  const body = (form: FormData) => ({ current_password: text(form, "current_password"), code: text(form, "code").trim() });
  const replace = useSubmission(
    (form) => unwrap(once.POST("/users/me/totp/recovery-codes", { body: body(form) })),
    ({ recovery_codes }) => show(recovery_codes),
  );
  const remove = useSubmission((form) => unwrap(once.DELETE("/users/me/totp", { body: body(form) })), changed);
  return (
    <div className="flex flex-wrap gap-2">
      <Confirm safe button={t.accounts.newCodes} title={t.accounts.newCodes} submission={replace}>
        <p>{t.accounts.newCodesHint}</p>
        <CurrentPassword />
        <Code label={t.accounts.code} hint={t.accounts.codeHint} />
      </Confirm>
      <Confirm button={t.accounts.removeSecondFactor} title={t.accounts.removeSecondFactor} submission={remove}>
        <p>{t.accounts.removeSecondFactorHint}</p>
        <CurrentPassword />
        <Code label={t.accounts.code} hint={t.accounts.codeHint} />
      </Confirm>
    </div>
  );
}

function Code(props: { label: string; hint?: string; autoFocus?: boolean }) {
  return <Field name="code" {...props} autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} maxLength={100} required />;
}

/** The recovery codes, until they are kept elsewhere. */
function RecoveryCodes({ codes, kept }: { codes: Codes; kept: () => void }) {
  const lines = codes.join("\n");
  const download = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${t.accounts.codesOf(page.project, location.host)}\n\n${lines}\n`], { type: "text/plain" }));
    link.download = `${page.project.toLowerCase().replaceAll(/\W+/g, "-")}-recovery-codes.txt`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <div className="space-y-3">
      <Notice tone="warn">{t.accounts.codesHint}</Notice>
      <ul aria-label={t.accounts.codes} className="grid grid-cols-[repeat(auto-fill,minmax(13rem,1fr))] gap-x-6 gap-y-1 rounded-md bg-sunk p-3 font-mono text-sm">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2">
        <Copy text={lines} />
        <Button onClick={download}>{t.accounts.download}</Button>
        <Button kind="primary" onClick={kept}>
          {t.accounts.codesKept}
        </Button>
      </div>
    </div>
  );
}

/** A QR code, dark on light in every colour scheme, as cameras expect it. */
function QR({ modules: rows }: { modules: readonly (readonly boolean[])[] }) {
  const dark = rows.flatMap((row, y) => row.map((is, x) => (is ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg role="img" aria-label={t.accounts.qr} viewBox={`0 0 ${rows.length} ${rows.length}`} shapeRendering="crispEdges" className="size-52 shrink-0 rounded-md border border-line">
      <rect width="100%" height="100%" fill="#fff" />
      <path d={dark} fill="#000" />
    </svg>
  );
}
