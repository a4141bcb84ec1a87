// Keeps what was typed as soon as a field is left, so that a shopper who leaves can be called back.
"use strict";

document.documentElement.classList.add("script");

for (const form of document.querySelectorAll("form[data-send-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

const checkout = document.querySelector("form[data-save-on-change]");
if (checkout) {
  const notes = document.getElementById("notes");
  let typed = false;
  let busy = false;
  let waiting = null;

  async function send(action) {
    typed = false;
    const data = new FormData(checkout);
    data.set("action", action);
    const options = { method: "POST", body: data, keepalive: true, headers: { "X-Demo-Saved-By-Script": "1" } };
    const response = await fetch(checkout.getAttribute("action"), options);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (response.ok && !waiting) notes.replaceChildren(...page.body.childNodes);
  }

  // One after the other: a save that overtakes an earlier one is undone by it.
  async function save(action) {
    if (waiting !== "confirm") waiting = action;
    if (busy) return;
    busy = true;
    try {
      while (waiting) {
        const next = waiting;
        waiting = null;
        await send(next);
      }
    } finally {
      busy = false;
    }
  }

  // The page may go away with the cursor still in the field, or with a save that waits.
  function leave() {
    if (!typed && !waiting) return;
    const last = waiting ?? "save";
    waiting = null;
    send(last);
  }

  checkout.addEventListener("input", () => { typed = true; });
  checkout.addEventListener("change", () => save("save"));
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); });

  checkout.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=action]");
    if (!button || button.value === "pay") return;
    event.preventDefault();
    if (button.dataset.example) checkout.elements.phone.value = button.dataset.example;
    save(button.value === "confirm" ? "confirm" : "save");
  });
}
