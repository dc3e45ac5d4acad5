import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { HomeCompanies } from "./companies/HomeCompanies.tsx"; // newproject:companies
import { Search } from "./companies/Search.tsx"; // newproject:companies
import { page } from "./page.ts";
import { useMe } from "./session.ts";
import { Card, useTitle } from "./ui/index.tsx";
import { t } from "./words/index.ts";

/** The start. */
export default function Home() {
  useTitle(undefined);
  return (
    <div className="space-y-6">
      <div className="mx-auto max-w-2xl space-y-4 pt-6 pb-4 text-center sm:pt-12">
        <h1 className="text-3xl">{page.project}</h1>
        {/* newproject:companies */}
        <p className="text-soft">{t.companies.what}</p>
        <Search big className="text-left" />
        {/* newproject:end */}
      </div>
      {/* newproject:companies */}
      <HomeCompanies />
      {/* newproject:end */}
      <div className="grid gap-4 md:grid-cols-2">
        <Programs />
        <Operators />
      </div>
    </div>
  );
}

function Programs() {
  return (
    <Card title={t.home.programs}>
      <Links>
        <Item link={<a href="/docs">{t.nav.api}</a>} hint={t.home.apiHint} />
        <Item link={<a href="/redoc">{t.nav.reference}</a>} hint={t.home.referenceHint} />
        <Item
          link={<a href="/api/v1/openapi.yaml">{t.home.contract}</a>}
          hint={
            <>
              {t.home.contractHint} <a href="/api/v1/openapi.json">{t.home.contractJSON}</a>
            </>
          }
        />
        <Item link={<a href="/problems">{t.nav.problems}</a>} hint={t.home.problemsHint} />
      </Links>
    </Card>
  );
}

function Operators() {
  const superuser = useMe()?.is_superuser;
  return (
    <Card title={t.home.operators}>
      {superuser ? (
        <Links>
          {/* newproject:companies */}
          <Item link={<Link to="/imports">{t.nav.imports}</Link>} hint={t.home.importsHint} />
          <Item link={<Link to="/syncs">{t.nav.syncs}</Link>} hint={t.home.syncsHint} />
          {/* newproject:end */}
          <Item link={<Link to="/users">{t.nav.users}</Link>} hint={t.home.usersHint} />
          <Item link={<Link to="/audit-events">{t.nav.audit}</Link>} hint={t.home.auditHint} />
          <Item link={<a href="/jobs">{t.nav.jobs}</a>} hint={t.home.jobsHint} />
        </Links>
      ) : (
        <Links>
          <Item link={<Link to="/sign-in">{t.nav.signIn}</Link>} hint={t.home.operatorsHint} />
          <Item link={<a href="/jobs">{t.nav.jobs}</a>} hint={t.home.jobsHint} />
        </Links>
      )}
    </Card>
  );
}

const Links = ({ children }: { children: ReactNode }) => <ul className="grid gap-x-6 gap-y-3 sm:grid-cols-2">{children}</ul>;

const Item = ({ link, hint }: { link: ReactNode; hint: ReactNode }) => (
  <li>
    <span className="font-medium">{link}</span>
    <p className="text-sm text-soft">{hint}</p>
  </li>
);
