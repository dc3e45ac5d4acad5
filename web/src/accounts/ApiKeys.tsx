import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, once, pages, queryClient, unwrap, type Schemas } from "../api.ts";
import { ago, instant } from "../format.ts";
import { Confirm, Field, Form, Select, Submit, text, useSubmission } from "../ui/form.tsx";
import { Button, Card, Empty, Failure, Loading, Notice, TableFrame } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { Copy, CurrentPassword } from "./parts.tsx";

const keysQuery = queryOptions({
  queryKey: ["api-keys"],
  queryFn: ({ signal }) => Array.fromAsync(pages(api.GET, "/api-keys", { params: { query: { page_size: 100 } }, signal })),
});

const changed = () => queryClient.invalidateQueries({ queryKey: keysQuery.queryKey });

/** The keys with which programs act for the account. */
export function ApiKeys() {
  const { data, error, refetch } = useQuery(keysQuery);
  const [made, setMade] = useState<Schemas["ApiKeyCreated"]>();
  const [making, setMaking] = useState(false);
  return (
    <Card
      title={t.accounts.keys}
      actions={
        <Button
          aria-expanded={making}
          onClick={() => {
            setMade(undefined);
            setMaking(!making);
          }}
        >
          {t.accounts.newKey}
        </Button>
      }
    >
      <p className="mb-3 text-sm text-soft">{t.accounts.keysHint}</p>
      {making && (
        <div className="mb-4 rounded-md bg-sunk p-3">
          <Creation
            done={(key) => {
              setMade(key);
              setMaking(false);
            }}
          />
        </div>
      )}
      {made && (
        <div className="mb-4">
          <Notice tone="good">
            <p className="font-medium">{t.accounts.keyMade(made.name)}</p>
            <div className="my-2 flex flex-wrap items-center gap-2">
              <code className="break-all text-ink select-all">{made.key}</code>
              <Copy text={made.key} />
            </div>
            <p className="text-ink">{t.accounts.keyUse}</p>
          </Notice>
        </div>
      )}
      {!data ? (
        error ? (
          <Failure error={error} retry={() => void refetch()} />
        ) : (
          <Loading rows={3} />
        )
      ) : data.length === 0 ? (
        <Empty>{t.accounts.noKeys}</Empty>
      ) : (
        <TableFrame caption={t.accounts.keys}>
          <thead>
            <tr className="text-left text-soft">
              {[t.accounts.keyName, t.accounts.keyPrefix, t.accounts.scopes, t.accounts.lastUsed, t.accounts.expires].map((head) => (
                <th key={head} scope="col" className="px-3 py-1 font-medium first:pl-0">
                  {head}
                </th>
              ))}
              <th scope="col">
                <span className="sr-only">{t.accounts.action}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.map((key) => (
              <Row key={key.id} apiKey={key} />
            ))}
          </tbody>
        </TableFrame>
      )}
    </Card>
  );
}

function Creation({ done }: { done: (key: Schemas["ApiKeyCreated"]) => void }) {
  const create = useSubmission(
    (form) =>
      unwrap(
        once.POST("/api-keys", {
          body: {
            name: text(form, "name").trim(),
            scopes: text(form, "scopes") === "write" ? ["read", "write"] : ["read"],
            expires_in_days: Number(text(form, "expires_in_days")),
            current_password: text(form, "current_password"),
          },
        }),
      ),
    (key) => {
      done(key);
      return changed();
    },
  );
  return (
    <Form submission={create}>
      <Field name="name" label={t.accounts.keyName} hint={t.accounts.keyNameHint} maxLength={100} required autoFocus />
      <div className="grid gap-3 sm:grid-cols-2">
        <Select
          name="scopes"
          label={t.accounts.scopes}
          options={[
            { value: "read", label: t.accounts.scope.read },
            { value: "write", label: t.accounts.scope.write },
          ]}
        />
        <Field name="expires_in_days" label={t.accounts.expiresInDays} type="number" min={1} max={365} step={1} defaultValue={90} required />
      </div>
      <CurrentPassword />
      <Submit>{t.accounts.create}</Submit>
    </Form>
  );
}

function Row({ apiKey: key }: { apiKey: Schemas["ApiKeyInfo"] }) {
  const revoke = useSubmission(() => unwrap(once.DELETE("/api-keys/{id}", { params: { path: { id: key.id } } })), changed);
  const [now] = useState(Date.now);
  const expired = new Date(key.expires_at).getTime() <= now;
  return (
    <tr className="border-t border-line">
      <th scope="row" className="py-2 pr-3 text-left font-normal">
        {key.name}
      </th>
      <td className="px-3">
        <code>{key.prefix}…</code>
      </td>
      <td className="px-3">{key.scopes.includes("write") ? t.accounts.scope.write : t.accounts.scope.read}</td>
      <td className="px-3 whitespace-nowrap">
        {key.last_used_at === null ? t.accounts.never : <span title={instant(key.last_used_at)}>{ago(key.last_used_at)}</span>}
      </td>
      <td className="px-3 whitespace-nowrap" title={instant(key.expires_at)}>
        {expired ? <span className="text-bad">{t.accounts.expired}</span> : ago(key.expires_at)}
      </td>
      <td className="py-1 text-right">
        {!expired && (
          <Confirm button={t.accounts.revoke} label={t.accounts.revokeWhich(key.name)} title={t.accounts.revokeWhich(key.name)} submission={revoke} kind="plain" action={t.accounts.revoke}>
            {t.accounts.revokeHint}
          </Confirm>
        )}
      </td>
    </tr>
  );
}
