"""Calls a running server with the client that openapi-generator generates: main.py BASE_URL TICKER FILE, with USERNAME and PASSWORD in the
environment. Prints a line for each step that has gone well: its name, a tab, and what was done."""

import datetime
import json
import os
import sys
import time

import old_libraries  # noqa: F401  before the client

import client
from client.exceptions import ApiException


def done(step, what):
    print(f"{step}\t{what}")


def equal(got, want):
    if got != want:
        raise AssertionError(f"{got} instead of {want}")


def problem(call):
    """The status and the problem that a call is refused with."""
    try:
        call()
    except ApiException as e:
        return e.status, client.Problem.from_dict(json.loads(e.body))
    raise AssertionError("it was not refused")


def main(base_url, ticker, path):
    username = os.environ["USERNAME"]
    configuration = client.Configuration(host=base_url)
    api = client.ApiClient(configuration)
    companies, login, imports = client.CompaniesApi(api), client.LoginApi(api), client.ImportsApi(api)

    ids, pages, token = [], 0, None
    while pages == 0 or token:
        page = companies.list_companies(has_statements=True, page_size=2, page_token=token)
        ids += [c.id for c in page.items]
        pages, token = pages + 1, page.next_page_token
    equal(len(set(ids)), len(ids))
    done("page", f"{len(ids)} companies on {pages} pages")

    apple = companies.get_company("AAPL")
    statements = client.FinancialStatementsApi(api).list_company_financial_statements(
        "AAPL", period=client.Period.ANNUAL, page_size=1, as_of=datetime.date(2015, 12, 31)
    )
    statement = statements.items[0]
    equal(
        (statement.end_date, statement.total_revenues, statement.known_to),
        (datetime.date(2015, 9, 26), 233715000000, None),
    )
    done("read", f"{apple.name}, revenues of the year to {statement.end_date}: {statement.total_revenues}")

    tokens = login.create_access_token(username=username, password=os.environ["PASSWORD"], grant_type="password")
    configuration.access_token = tokens.access_token
    equal(login.test_access_token().email, username)
    done("log in", f"as {username}")

    refreshed = login.refresh_access_token(grant_type="refresh_token", refresh_token=tokens.refresh_token)
    assert refreshed.refresh_token != tokens.refresh_token
    configuration.access_token = refreshed.access_token
    done("refresh", f"a token for {refreshed.expires_in} seconds")

    status, missing = problem(lambda: companies.get_company(ticker))
    equal((status, missing.type), (404, "/problems/not-found"))
    company = client.CompanyCreate(name="openapi-generator", listings=[client.ListingInput(ticker=ticker, currency="USD")])
    companies.create_company(company)
    status, taken = problem(lambda: companies.create_company(company))
    equal((status, taken.type), (409, "/problems/ticker-taken"))
    # What the generated models can tell is wrong does not leave the client: this has to be wrong for the server alone.
    wrong = client.CompanyCreate(name="wrong", listings=[client.ListingInput(ticker=ticker + "2", currency="ABC")])
    status, invalid = problem(lambda: companies.create_company(wrong))
    equal((status, [e.field for e in invalid.errors]), (422, ["/listings/0/currency"]))
    done("problem", f"{missing.type}, {taken.type}, {invalid.type} of {invalid.errors[0].field}")

    imported = imports.import_prices(file=path, ticker=ticker)
    while imported.state in (client.ImportState.QUEUED, client.ImportState.RUNNING):
        time.sleep(0.1)
        imported = imports.get_import(imported.id)
    equal(
        (imported.state, imported.error, imported.file_name, imported.written),
        (client.ImportState.SUCCEEDED, None, os.path.basename(path), 3),
    )
    prices = client.PricesApi(api).list_company_prices(ticker)
    equal(
        [(str(p.var_date), p.open, p.close) for p in prices.items],
        [("2024-01-02", 109.01, 109.33), ("2024-01-03", None, 184.25), ("2024-01-04", None, 181.91)],
    )
    done("upload", f"{imported.file_name}: {imported.written} prices")


if __name__ == "__main__":
    main(*sys.argv[1:])
