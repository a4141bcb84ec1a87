// Looks for texts every two seconds while somebody looks at the phone.
"use strict";

const PAUSE = 2000;
const screen_ = document.getElementById("screen");
const title = document.title;

document.documentElement.classList.add("script");
document.addEventListener("change", (event) => event.target.closest("form[data-send-on-change]")?.requestSubmit());

function talk() { return document.getElementById("talk"); }
function scrollDown() { talk().scrollTop = talk().scrollHeight; }

function show(page) {
  const old = talk(), next = page.getElementById("talk");
  if (old.dataset.number !== next.dataset.number) {
    screen_.replaceChildren(...page.body.childNodes);
    scrollDown();
    return;
  }
  // Only what is new, so that a screen reader reads only that, and what is being typed stays.
  const fresh = [...next.children].slice(old.children.length);
  for (const bubble of fresh) bubble.classList.add("fresh");
  old.append(...fresh);
  if (fresh.length) {
    scrollDown();
    if (document.hidden) document.title = `● ${title}`;
  }
  for (const id of ["status", "chooser"]) {
    const part = document.getElementById(id);
    if (!part.contains(document.activeElement)) part.replaceWith(page.getElementById(id));
  }
}

async function look() {
  try {
    const response = await fetch(screen_.dataset.messages);
    if (response.ok) show(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // the server is away: look again later
  }
}

async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, PAUSE);
}

document.addEventListener("visibilitychange", () => {
  document.title = title;
  if (!document.hidden) look();
});
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.closest("#write")) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  form.reset();
  await fetch(form.action, { method: "POST", body: data });
  await look();
});

scrollDown();
setTimeout(watch, PAUSE);
