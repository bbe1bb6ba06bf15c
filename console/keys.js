// @ts-check
/** Single keys for a person with one hand on the plotter, and the page that lists them. */

import { byId, el } from "./dom.js";
import { closable } from "./notices.js";
import { choosePlotter, pressPlotter } from "./plotters.js";

const REMEMBER = "fairhand.single-keys";

/** @param {{note: () => void, batch: () => void}} open */
export function mountKeys(open) {
  const dialog = byId("help", HTMLDialogElement);
  const on = byId("keys-on", HTMLInputElement);
  const help = () => !dialog.open && dialog.showModal();
  /** @type {{key: string, shown?: string, does: string, run: () => void}[]} */
  const keys = [
    { key: "1", shown: "1 … 9", does: "Go to that plotter; the keys L, H, X, S, P, C and M then act on it", run: () => choosePlotter(1) },
    { key: "l", does: "Load blanks", run: () => pressPlotter("blanks") },
    { key: "h", does: "Hold at next lift, or go on", run: () => pressPlotter("hold") },
    { key: "x", does: "Lift the pen now; H goes on", run: () => pressPlotter("lift") },
    { key: "s", does: "Stop (asks first)", run: () => pressPlotter("stop") },
    { key: "p", does: "Pause or activate", run: () => pressPlotter("pause") },
    { key: "c", does: "Care: pen, ink, place, macros", run: () => pressPlotter("care") },
    { key: "m", does: "Move the plotter by hand", run: () => pressPlotter("move") },
    { key: "d", does: "Go to what needs a person", run: () => toNeeds() },
    { key: "q", does: "Go to the cards", run: () => byId("queue-title", HTMLElement).focus() },
    { key: "n", does: "New note", run: open.note },
    { key: "u", does: "Upload orders", run: open.batch },
    { key: "?", does: "This help", run: help },
  ];
  byId("keys", HTMLElement).append(
    ...keys.map(({ key, shown, does }) => el("div", {}, el("dt", {}, el("kbd", {}, shown ?? key.toUpperCase())), el("dd", {}, does))),
  );
  closable(dialog);
  on.checked = localStorage.getItem(REMEMBER) !== "off";
  on.addEventListener("change", () => localStorage.setItem(REMEMBER, on.checked ? "on" : "off"));
  byId("open-help", HTMLButtonElement).addEventListener("click", help);
  document.addEventListener("keydown", (event) => {
    if (!on.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (document.querySelector("dialog[open]") || typing(event.target)) return;
    if (/^[1-9]$/.test(event.key)) return choosePlotter(Number(event.key));
    const found = keys.find(({ key }) => key === event.key.toLowerCase());
    if (!found) return;
    event.preventDefault();
    found.run();
  });
}

function toNeeds() {
  const first = document.querySelector("#needs-list button");
  (first instanceof HTMLElement ? first : byId("needs-title", HTMLElement)).focus();
}

/** Whether a key belongs to a field. One in a dialog just closed keeps the focus until the next frame is drawn. @param {EventTarget | null} target */
function typing(target) {
  if (!(target instanceof HTMLElement) || target.closest("dialog:not([open])")) return false;
  return (target.isContentEditable || target.matches("input:not([type=radio]):not([type=checkbox]), select, textarea"));
}
