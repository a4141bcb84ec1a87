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
  let latest = 0;

  async function save(action) {
    const number = ++latest;
    typed = false;
    const data = new FormData(checkout);
    data.set("action", action);
    const options = { method: "POST", body: data, keepalive: true, headers: { "X-Demo-Saved-By-Script": "1" } };
    const response = await fetch(checkout.getAttribute("action"), options);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (response.ok && number === latest) notes.replaceChildren(...page.body.childNodes);
  }

  checkout.addEventListener("input", () => { typed = true; });
  checkout.addEventListener("change", () => save("save"));
  // The page may go away with the cursor still in the field.
  addEventListener("pagehide", () => { if (typed) save("save"); });
  document.addEventListener("visibilitychange", () => { if (typed && document.hidden) save("save"); });

  checkout.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=action]");
    if (!button || button.value === "pay") return;
    event.preventDefault();
    if (button.dataset.example) checkout.elements.phone.value = button.dataset.example;
    save(button.value === "confirm" ? "confirm" : "save");
  });
}
