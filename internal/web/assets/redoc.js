"use strict";

const scheme = matchMedia("(prefers-color-scheme: dark)");
const light = {};
const dark = {
  codeBlock: { backgroundColor: "#0a0e09" },
  colors: {
    border: { dark: "#3a4538", light: "#2d362b" },
    error: { main: "#ff9c94" },
    gray: { 50: "#191f18", 100: "#232b21" },
    primary: { main: "#7fd89b" },
    responses: {
      success: { color: "#7fd89b", backgroundColor: "#16271a", tabTextColor: "#7fd89b" },
      error: { color: "#ff9c94", backgroundColor: "#2c1917", tabTextColor: "#ff9c94" },
      redirect: { color: "#f0c674", backgroundColor: "#2a2415", tabTextColor: "#f0c674" },
      info: { color: "#8ec7ff", backgroundColor: "#15222e", tabTextColor: "#8ec7ff" },
    },
    success: { main: "#7fd89b" },
    text: { primary: "#e5eae3", secondary: "#a2ada0" },
    warning: { main: "#f0c674", contrastText: "#10150f" },
  },
  fab: { backgroundColor: "#232b21", color: "#7fd89b" },
  rightPanel: { backgroundColor: "#151b14" },
  schema: { linesColor: "#566153", nestedBackground: "#191f18", requireLabelColor: "#ff9c94", typeNameColor: "#a2ada0", typeTitleColor: "#a2ada0" },
  sidebar: { backgroundColor: "#191f18", textColor: "#e5eae3", activeTextColor: "#7fd89b" },
  typography: { code: { color: "#ffb3ab", backgroundColor: "#232b21" }, links: { color: "#7fd89b", visited: "#7fd89b", hover: "#a8e8bc" } },
};
const { typography, ...colours } = scheme.matches ? dark : light;

Redoc.init(
  "/api/v1/openapi.json",
  {
    showExtensions: ["x-statuses"],
    theme: {
      ...colours,
      typography: {
        ...typography,
        fontFamily: "system-ui, sans-serif",
        headings: { fontFamily: "system-ui, sans-serif" },
      },
    },
  },
  document.getElementById("docs"),
);
scheme.addEventListener("change", () => location.reload()); // it takes its colours at the start
