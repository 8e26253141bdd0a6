"use strict";

// The token came behind the #: it is sent to nobody but the call below, and does not stay in sight.
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
history.replaceState(null, "", location.pathname);

const form = document.querySelector("form");
const outcome = document.getElementById("outcome");

async function submit() {
  const body = { token, ...Object.fromEntries(new FormData(form)) };
  const answer = await fetch(form.dataset.call, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.ok) {
    form.hidden = true;
    return form.dataset.done;
  }
  const problem = await answer.json();
  return problem.errors?.[0]?.detail ?? problem.detail ?? problem.title;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  outcome.textContent = await submit().catch(() => "Nobody answered. Please try again.");
});
