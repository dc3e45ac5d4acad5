"use strict";

// Swagger UI keeps a password beside the token under this name, if it is told to remember a login.
localStorage.removeItem("authorized");

SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  showExtensions: true, // x-statuses
  tryItOutEnabled: true,
  validatorUrl: null, // no other host
});
