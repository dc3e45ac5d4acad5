/* eslint-disable @typescript-eslint/no-non-null-assertion, @typescript-eslint/restrict-template-expressions -- it is a short one */
// README: page
import { createClient, isProblem, localDate, pages, type Schemas } from "@edgevalue/client";

const client = createClient({ baseUrl: "http://localhost:8080" });

document.body.innerHTML = `
  <form>
    <label>Ticker <input name="ticker" value="AAPL" required></label>
    <label>as known on <input name="day" type="date"></label>
    <button>Show</button>
  </form>
  <p role="status"></p>
  <table><thead><tr><th>Year to</th><th>Revenues</th><th>Net income</th></tr></thead><tbody></tbody></table>`;
const form = document.querySelector("form")!;
const status = document.querySelector("p")!;
const rows = document.querySelector("tbody")!;
let call = new AbortController();

async function show() {
  call.abort();
  call = new AbortController();
  const { signal } = call;
  const { ticker, day } = Object.fromEntries(new FormData(form)) as { ticker: string; day: string };
  rows.replaceChildren();
  const params = { path: { ticker }, query: { period: "annual", ...(day && { as_of: day }) } } as const;
  try {
    for await (const year of pages(client.GET, "/companies/{ticker}/financial-statements", { params, signal })) {
      rows.append(row(year));
    }
    status.textContent = `${rows.childElementCount} years`;
  } catch (e) {
    if (signal.aborted) return; // another one is asked for
    if (isProblem(e, "not-found")) status.textContent = `There is no company ${ticker}.`;
    else if (isProblem(e, "invalid")) status.textContent = e.errors!.map((v) => `${v.field} ${v.message}`).join(", ");
    else status.textContent = String(e);
  }
}

function row(year: Schemas["FinancialStatement"]) {
  const money = new Intl.NumberFormat(undefined, { style: "currency", currency: year.currency, notation: "compact" });
  const figures = [year.total_revenues, year.net_income].map((n) => (n === null ? "–" : money.format(n)));
  const texts = [localDate(year.end_date).toLocaleDateString(), ...figures, year.restated ? "restated" : ""];
  const tr = document.createElement("tr");
  for (const text of texts) tr.insertCell().textContent = text;
  return tr;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void show();
});
void show();
// README: end
