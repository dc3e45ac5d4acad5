/** The addresses of the page, as the server matches them. Others are answered with the page and 404. */
export const addresses = [
  "/",
  // newproject:companies
  "/companies",
  "/companies/{ticker}",
  "/companies/{ticker}/metrics",
  "/companies/{ticker}/charts",
  "/companies/{ticker}/ratios",
  "/companies/{ticker}/dividends",
  "/companies/{ticker}/entries",
  "/compare",
  "/metrics",
  "/imports",
  "/imports/{id}",
  "/syncs",
  "/syncs/{id}",
  // newproject:end
  "/sign-in",
  "/register",
  "/recover-password",
  "/reset-password",
  "/activate",
  "/confirm-email",
  "/account",
  "/users",
  "/users/{id}",
  "/audit-events",
];
