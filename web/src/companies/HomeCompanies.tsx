import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMe } from "../session.ts";
import { buttonClass, Card, Failure, Loading } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { CompanyTable } from "./CompanyTable.tsx";
import { homeQuery } from "./queries.ts";

/** The companies with figures, the largest first, or how they come here. */
export function HomeCompanies() {
  const { data, error, refetch } = useQuery(homeQuery);
  const companies = data?.items;
  if (companies?.length === 0) return <Nothing />;
  return (
    <Card title={t.companies.withFigures} actions={<Link to="/companies">{t.companies.all}</Link>}>
      {companies ? <CompanyTable caption={t.companies.withFigures} companies={companies} /> : error ? <Failure error={error} retry={() => void refetch()} /> : <Loading rows={6} />}
    </Card>
  );
}

function Nothing() {
  const me = useMe();
  return (
    <Card title={t.companies.nothing}>
      <ol className="list-decimal space-y-1 pl-5">
        {!me && <li>{t.companies.nothingSignIn}</li>}
        <li>{t.companies.nothingImport}</li>
        <li>{t.companies.nothingThen}</li>
      </ol>
      <p className="mt-4 flex flex-wrap gap-2">
        {!me && (
          <Link to="/sign-in" className={buttonClass("primary")}>
            {t.nav.signIn}
          </Link>
        )}
        {me?.is_superuser && (
          <>
            <Link to="/imports" className={buttonClass("primary")}>
              {t.nav.imports}
            </Link>
            <Link to="/syncs" className={buttonClass()}>
              {t.nav.syncs}
            </Link>
          </>
        )}
        <Link to="/companies" className={buttonClass()}>
          {t.companies.all}
        </Link>
      </p>
    </Card>
  );
}
