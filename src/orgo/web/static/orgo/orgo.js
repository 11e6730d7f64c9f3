// The keys, the theme, mail files dropped on the page, and what is shown anew when something changed.
"use strict";

const typing = (element) => element && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));
const rows = () => [...document.querySelectorAll("[data-row]")];

function move(step) {
  const all = rows();
  if (!all.length) return;
  const active = all.includes(document.activeElement) ? document.activeElement : document.querySelector("[data-row][aria-current]");
  const at = all.indexOf(active);
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function undo() {
  const button = document.querySelector('[data-key="z"]');
  const words = document.body.dataset.nothingToUndo;
  if (button) button.click();
  else if (words && !document.querySelector(".toast.nothing")) toast(words).classList.add("nothing");
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  o: () => document.activeElement.matches?.("[data-row]") && document.activeElement.click(),
  z: undo,
  "/": () => document.getElementById("q")?.focus(),
  "?": () => document.getElementById("keys")?.showModal(),
};

function sends(event) {
  return event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat && event.target.tagName === "TEXTAREA";
}

document.addEventListener("keydown", (event) => {
  if (sends(event)) return event.target.form.requestSubmit();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  const form = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!actions[key] && !form) return;
  event.preventDefault();
  if (actions[key]) return actions[key]();
  if (form.tagName === "TEXTAREA") {
    form.focus();
    form.scrollIntoView({ block: "center" });
  } else form.click();
});

// On a phone the queues are a strip, and the chosen one may be outside of it.
document.querySelector(".queues [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("orgo-theme", root.dataset.theme);
});

function toast(text, link) {
  const box = document.createElement("div");
  box.className = "toast";
  box.setAttribute("role", "status");
  const words = document.createElement(link ? "a" : "span");
  words.textContent = text;
  if (link) words.href = link;
  box.append(words);
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), 12000);
  return box;
}

async function ended(number) {
  let answer;
  for (let tries = 0; tries < 40 && !answer?.outcome; tries++) {
    if (tries) await new Promise((resolve) => setTimeout(resolve, 500));
    answer = await (await fetch(`/mail/${number}/where`)).json();
  }
  return toast(answer.said, answer.task && `/tasks/${answer.task}`);
}

function refused(words) {
  toast(words).classList.add("error");
}

async function drop(file) {
  const form = document.querySelector("[data-drop]");
  // A server that answers before it has read all breaks the connection, and the browser shows no answer.
  if (file.size > Number(form.dataset.largest)) return refused(form.dataset.tooLarge);
  const body = new FormData(form);
  body.set("mail", file);
  const answer = await fetch("/mail/drop", { method: "POST", body, headers: { Accept: "application/json" } });
  // The file just fits and the form around it does not: that is refused before any page, in no reader's language.
  if (answer.status === 413) return refused(form.dataset.tooLarge);
  const found = await answer.json().catch(() => ({}));
  return found.mail ? ended(found.mail) : refused(found.error ?? found.detail ?? answer.statusText);
}

const dropForm = document.querySelector("[data-drop]");
if (dropForm) {
  dropForm.addEventListener("change", (event) => [...event.target.files].forEach(drop));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    [...event.dataTransfer.files].forEach(drop);
  });
}

// What somebody is writing on a task is kept in this tab until it was sent: an ended session or another task loses nothing.
const draft = (field) => `draft:${document.body.dataset.user}:${field.closest("[data-task]").dataset.task}:${field.id}`;
const fields = () => [...document.querySelectorAll("[data-task] textarea")];

function restore() {
  for (const field of fields()) field.value ||= sessionStorage.getItem(draft(field)) ?? "";
}

document.querySelectorAll("[data-sent]").forEach((toast) => {
  const field = document.querySelector(`[data-task] textarea#${CSS.escape(toast.dataset.sent)}`);
  if (field) sessionStorage.removeItem(draft(field));
});
document.addEventListener("input", ({ target }) => {
  if (!fields().includes(target)) return;
  if (target.value) sessionStorage.setItem(draft(target), target.value);
  else sessionStorage.removeItem(draft(target));
});
document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", () => sessionStorage.clear());
restore();

function signedOut() {
  if (document.querySelector(".toast.signed-out")) return;
  toast(document.body.dataset.signedOut, `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`).classList.add("signed-out");
}
document.body.addEventListener("htmx:responseError", (event) => event.detail.xhr.status === 401 && signedOut());

// When something changed, what is shown is shown anew: counts, rows (where they stand) and the open task, unless somebody
// is writing on it.
function isBusy(article) {
  const written = [...article.querySelectorAll("textarea, input")].some((field) => field.value !== field.defaultValue);
  return typing(document.activeElement) || written || article.querySelector("details[open]");
}

async function showAnew() {
  if (document.getElementById("news")) htmx.trigger("#news", "anew");
  const answer = await fetch(location.href, { headers: { "HX-Request": "true" } });
  if (answer.status === 401) return signedOut();
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const same = (link) => fresh.querySelector(`a[href="${CSS.escape(link.getAttribute("href"))}"]${link.matches("[data-row]") ? "[data-row]" : ""}`);
  document.querySelectorAll("#queues li a, [data-row]").forEach((link) => {
    const now = same(link);
    if (now) link.replaceChildren(...now.childNodes);
    link.classList.toggle("gone", !now);
  });
  const article = document.querySelector("[data-task]");
  if (article && !isBusy(article)) {
    document.getElementById("task").replaceChildren(...fresh.getElementById("task").childNodes);
    restore();
  }
}

let waiting = 0;
document.body.addEventListener("htmx:sseMessage", (event) => {
  if (event.detail.type !== "changed" || !document.querySelector(".panes")) return;
  // Never put off by what comes next, so that a steady stream of mail is seen; and the last change is never left out.
  waiting ||= setTimeout(() => {
    waiting = 0;
    showAnew().catch(() => {});
  }, 1500);
});
