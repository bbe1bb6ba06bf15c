// @ts-check
/** What the page says by itself: spoken notices, faults that stay until read, the dialogs' own complaints. */

import { Problem } from "./api.js";
import { byId, el } from "./dom.js";
import { sentence } from "./words.js";

const PAUSE_MS = 1500;
const PASSING_MS = 6000;
/** @type {string[]} */
let waiting = [];
let speaking = false;

/** Say it to those who listen to the page; in a flood only the latest few words survive. @param {string} text */
export function announce(text) {
  waiting = [...waiting, text].slice(-3);
  if (!speaking) next();
}

function next() {
  const text = waiting.shift();
  speaking = text !== undefined;
  if (text === undefined) return;
  byId("announcer", HTMLElement).replaceChildren(el("p", {}, text));
  setTimeout(next, PAUSE_MS);
}

/** A word in passing, seen and heard, gone by itself. @param {string} words */
export function tell(words) {
  announce(words);
  const item = el("li", { class: "passing" }, words);
  byId("messages", HTMLElement).append(item);
  setTimeout(() => item.remove(), PASSING_MS);
}

/** A fault that nobody should miss: it stays until it is dismissed. @param {unknown} error @param {string} doing */
export function complain(error, doing) {
  const words = `${doing}: ${wordsOf(error)}`;
  const list = byId("messages", HTMLElement);
  for (const old of list.querySelectorAll("li")) if (old.dataset.words === words) old.remove();
  const item = el("li", { role: "alert", "data-words": words }, el("span", {}, words));
  item.append(el("button", { type: "button", click: () => item.remove() }, "Dismiss"));
  list.append(item);
  while (list.children.length > 4) list.firstElementChild?.remove();
}

/** @param {unknown} error */
export function wordsOf(error) {
  if (error instanceof Problem) {
    const faults = error.faults.map((fault) => fault.message).filter((message) => message && !error.message.includes(message));
    return [error.message, ...faults].map(sentence).join(" ");
  }
  console.error(error);
  return error instanceof Error ? error.message : String(error);
}

/** Show or clear the complaint of a dialog. @param {HTMLElement} dialog @param {unknown} [error] */
export function problemIn(dialog, error) {
  const place = dialog.querySelector(".problem");
  if (!(place instanceof HTMLElement)) throw new Error(`the dialog ${dialog.id} has no place for problems`);
  place.textContent = error === undefined ? "" : wordsOf(error);
  place.hidden = error === undefined;
}

/** Wire a dialog's own "leave" buttons, once. @param {HTMLDialogElement} dialog */
export function closable(dialog) {
  for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => dialog.close());
}

/**
 * Run something a button stands for, once at a time.
 * @param {HTMLElement} button @param {() => Promise<void>} work @param {(error: unknown) => void} [refused] is told why it was not done
 */
export async function busy(button, work, refused) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    if (!refused) throw error;
    refused(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}
