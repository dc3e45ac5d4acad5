"use strict";

const panes = ["base", "draft"].map((id) => document.getElementById(id));
const [, draft] = panes;
const mistakes = document.getElementById("mistakes");
const state = document.getElementById("state");
let shown;

const events = new EventSource("/events");
events.onopen = () => {
  document.title = "API preview";
};
events.onerror = () => {
  state.textContent = "(the preview has ended)";
};
events.onmessage = (event) => {
  const now = JSON.parse(event.data);
  if (shown !== undefined && now.version !== shown) {
    draft.contentWindow.location.reload();
  }
  shown = now.version;
  state.textContent = now.version ? `(of ${now.time})` : "";
  mistakes.hidden = now.mistakes.length === 0;
  document.title = mistakes.hidden ? "API preview" : "Mistakes: API preview";
  mistakes.replaceChildren(
    ...[...now.mistakes, now.version ? `The last version without mistakes is shown, of ${now.time}.` : "There is nothing to show yet."].map((text) => {
      const line = document.createElement("p");
      line.textContent = text;
      return line;
    }),
  );
};

// Where one goes in a pane, the other follows.
let active = draft;
for (const pane of panes) {
  pane.addEventListener("mouseenter", () => {
    active = pane;
  });
}
let place = "";
setInterval(() => {
  const hash = active.contentWindow.location.hash;
  if (hash === place) {
    return;
  }
  place = hash;
  for (const pane of panes) {
    if (pane !== active && pane.contentWindow.location.hash !== hash) {
      pane.contentWindow.location.hash = hash;
    }
  }
}, 300);
