"use strict";

const place = document.getElementById("state");

async function show() {
  let text = "not reachable";
  let name = "away";
  try {
    const answer = await fetch("/readyz", { cache: "no-store" });
    const { status, checks } = await answer.json();
    const away = Object.entries(checks).filter(([, check]) => !check.ok).map(([key]) => key);
    name = status;
    text = away.length ? `${status}: ${away.join(", ")} away` : status;
  } catch {
    // The text above says it.
  }
  place.textContent = text;
  place.dataset.state = name;
}

show();
setInterval(show, 5000);
