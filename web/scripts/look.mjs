// Makes a picture of an address: node scripts/look.mjs http://localhost:5173/sign-in [--width 390] [--dark] [--out file.png]
// [--click "text"]... [--locale de-DE] [--whole]. Prints what the page logs as errors. CHROMIUM names the browser.
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    width: { type: "string", default: "1400" },
    out: { type: "string", default: "screenshots/look.png" },
    dark: { type: "boolean", default: false },
    whole: { type: "boolean", default: false },
    locale: { type: "string", default: "en-US" },
    click: { type: "string", multiple: true, default: [] },
  },
});
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const width = Number(values.width);
  const page = await browser.newPage({ viewport: { width, height: width < 600 ? 844 : 900 }, colorScheme: values.dark ? "dark" : "light", locale: values.locale });
  page.on("console", (m) => m.type() === "error" && console.log("console:", m.text()));
  page.on("pageerror", (e) => console.log("error:", e.message));
  await page.goto(positionals[0] ?? "http://localhost:5173/", { waitUntil: "networkidle" });
  for (const text of values.click) await page.getByText(text, { exact: true }).first().click();
  await page.waitForTimeout(500);
  await mkdir(dirname(values.out), { recursive: true });
  await page.screenshot({ path: values.out, fullPage: values.whole });
} finally {
  await browser.close();
}
