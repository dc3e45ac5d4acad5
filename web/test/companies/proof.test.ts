// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { parseProof, proofOf } from "../../src/companies/proof.ts";

test("a proof's address is read as it was written", () => {
  for (const s of [
    { statement: 84, field: "free_cash_flow" },
    { statement: 84, field: "ttm.net_income" },
    { ticker: "BRK.B", date: "2017-12-29", field: "price_to_sales_ratio" },
    { ticker: "7203", date: "2017-12-29", field: "market_cap" },
  ])
    expect(parseProof(proofOf(s))).toEqual(s);
  for (const text of [undefined, "", "84", "x.y", "84.", "84.a b"]) expect(parseProof(text)).toBeUndefined();
});
