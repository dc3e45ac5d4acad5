"use strict";

Redoc.init(
  "/api/v1/openapi.json",
  {
    showExtensions: ["x-statuses"],
    theme: {
      typography: {
        fontFamily: "system-ui, sans-serif",
        headings: { fontFamily: "system-ui, sans-serif" },
      },
    },
  },
  document.getElementById("docs"),
);
