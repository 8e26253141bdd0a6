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

function money({ amount_minor, currency }) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(amount_minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function card(product) {
  const link = document.createElement("a");
  link.href = `/v1/products/${product.slug}`;
  if (product.media) {
    const picture = document.createElement("img");
    picture.src = product.media.renditions.thumb;
    picture.alt = product.media.alt;
    picture.width = picture.height = 120;
    picture.loading = "lazy";
    link.append(picture);
  }
  const title = document.createElement("strong");
  title.textContent = product.title;
  const price = document.createElement("span");
  price.textContent = product.price_from ? money(product.price_from) : "";
  link.append(title, price);
  return link;
}

async function fillShelf() {
  const answer = await fetch("/v1/products?limit=12&sort=newest");
  const { items } = await answer.json();
  const shelf = document.getElementById("shelf");
  shelf.querySelector("div").append(...items.map(card));
  shelf.hidden = items.length === 0;
}

// Without products, or without the catalog, there is simply no shelf.
fillShelf().catch(() => undefined);
