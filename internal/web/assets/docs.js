"use strict";

SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  showExtensions: true, // x-errors
  tryItOutEnabled: true,
  validatorUrl: null, // no other host
});
