// What Warmcart's pages do beyond HTML: prove requests to the host, keep the place after a swap, read charts
// aloud. Every page works without it at the standalone door.
"use strict";

const BROKEN = "Something went wrong. Reload the page and try again.";
const AWAY = "Warmcart cannot be reached right now. Check your connection and try again.";
const SIGNED_OUT = "Your sign-in could not be renewed. Reload the page.";
const RETRY = "X-Shopify-Retry-Invalid-Session-Request";
const TOAST_LASTS = 6000;

// The surroundings of the page. Nothing below asks which one it is.
const hosts = {
  plain: {
    headers: async () => ({}),
    toast: showToast,
    signedOut: () => location.reload(),
  },
  shopify: {
    // Asked for with each request: a token lives for about a minute.
    headers: async () => (window.shopify ? { Authorization: `Bearer ${await shopify.idToken()}` } : {}),
    toast: (text) => (window.shopify ? shopify.toast.show(text) : showToast(text)),
    signedOut: () => showToast(SIGNED_OUT),
  },
};
const host = hosts[document.documentElement.dataset.host];

function showToast(text) {
  const status = document.getElementById("status");
  status.textContent = text;
  clearTimeout(showToast.timer);
  showToast.timer = setTimeout(() => { status.textContent = ""; }, TOAST_LASTS);
}

async function fetchWithProof(address, request) {
  const ask = async () =>
    fetch(address, { ...request, headers: { ...request.headers, ...(await host.headers()) } });
  const response = await ask();
  return response.status === 401 && response.headers.has(RETRY) ? ask() : response;
}

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  ctx.fetch = fetchWithProof;
});

document.addEventListener("htmx:after:request", (event) => {
  if (event.detail.ctx.response.status !== 401) return;
  event.preventDefault();
  host.signedOut();
});

// An answer that is no page of ours, such as a proxy's error, must not empty the one that is shown.
document.addEventListener("htmx:before:swap", (event) => {
  if (event.detail.ctx.text.includes('id="app"')) return;
  event.preventDefault();
  host.toast(BROKEN);
});

document.addEventListener("htmx:error", () => host.toast(AWAY));

// A link leads to the top of a new page, which is announced; forms and tabs stay where they are.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  // A part that is shown anew by itself moves nobody's focus.
  if (ctx.sourceElement?.matches?.("textarea")) return;
  // The link itself was swapped away; what was clicked still knows it.
  const link = ctx.sourceEvent?.target?.closest?.("a");
  if (link && !ctx.request.anchor && !link.closest("[data-stay]")) {
    window.scrollTo(0, 0);
    document.getElementById("main").focus({ preventScroll: true });
    // htmx sets the title after the swap.
    setTimeout(() => { document.getElementById("announcement").textContent = document.title; }, 50);
  }
  settle();
});

// After a load or a swap: say what was done, and lead to what is wrong.
function settle() {
  const note = document.querySelector("[data-toast]");
  if (note) {
    host.toast(note.textContent.trim());
    note.remove();
    const address = new URL(location.href);
    address.searchParams.delete("done");
    history.replaceState(history.state, "", address);
  }
  // What htmx has focused already, it did not scroll to.
  const place = document.querySelector("[data-focus]");
  place?.focus({ preventScroll: true });
  place?.scrollIntoView({ block: "center" });
}

// Shopify's menu asks for a page; its own links are boosted like all others.
document.addEventListener("shopify:navigate", (event) => {
  const address = event.target.getAttribute("href");
  htmx.ajax("GET", address, { target: "#app", select: "#app", swap: "outerHTML", push: "true" });
});

// What a click opens, a click elsewhere and Escape close.
function closeOthers(kept) {
  for (const open of document.querySelectorAll(".w-term[open], .w-menu[open]")) {
    if (!open.contains(kept)) open.open = false;
  }
}
document.addEventListener("click", (event) => closeOthers(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector(".w-term[open], .w-menu[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// Reads a chart's values from the table below it, for the pointer and for arrow keys.
class Chart extends HTMLElement {
  connectedCallback() {
    this.plot = this.querySelector(".w-plot");
    if (!this.plot) return;
    this.plot.tabIndex = 0;
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerdown", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => this.hide());
    this.plot.addEventListener("blur", () => this.hide());
    this.plot.addEventListener("keydown", (event) => this.step(event));
  }

  get rows() {
    return this.querySelectorAll("tbody tr");
  }

  point(event) {
    const box = this.plot.getBoundingClientRect();
    this.show(Math.round(((event.clientX - box.left) / box.width) * (this.rows.length - 1)));
  }

  step(event) {
    const last = this.rows.length - 1;
    const at = this.at ?? last;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (event.key === "Escape") this.hide();
    if (to === undefined) return;
    event.preventDefault();
    this.show(to);
  }

  show(to) {
    const rows = this.rows;
    this.at = Math.max(0, Math.min(rows.length - 1, to));
    const [day, now, before] = [...rows[this.at].children].map((cell) => cell.textContent);
    const names = [...this.querySelectorAll("thead th")].map((cell) => cell.textContent);
    const readout = this.querySelector(".w-readout");
    readout.textContent = `${day}: ${now} · ${names[2]}: ${before}`;
    readout.hidden = false;
    const cursor = this.querySelector(".w-cursor");
    cursor.hidden = false;
    cursor.style.insetInlineStart = `${(100 * this.at) / Math.max(1, rows.length - 1)}%`;
  }

  hide() {
    this.at = undefined;
    this.querySelector(".w-readout").hidden = true;
    this.querySelector(".w-cursor").hidden = true;
  }
}
customElements.define("w-chart", Chart);

if (document.documentElement.dataset.host === "shopify" && !window.shopify) {
  document.documentElement.dataset.bridge = "missing";
}
settle();
