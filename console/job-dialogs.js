// @ts-check
/** Looking at a card, and deciding about one that was interrupted. */

import { get, jobPath, post } from "./api.js";
import { byId } from "./dom.js";
import { announce, busy, closable, problemIn } from "./notices.js";
import { count, excerpt, jobState, jobTitle, jobWhy, strokes } from "./words.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./truth.js").Truth} Truth */

/** @type {(card: string) => Promise<void>} */
let decide = async () => {};

export function mountJobDialogs() {
  const deciding = byId("decide", HTMLDialogElement);
  closable(deciding);
  for (const button of deciding.querySelectorAll("[data-card]")) {
    button.addEventListener("click", () => void decide(/** @type {HTMLElement} */ (button).dataset.card ?? ""));
  }
  const look = byId("look", HTMLDialogElement);
  closable(look);
  for (const picture of [byId("decide-ink", HTMLImageElement), byId("look-picture", HTMLImageElement)]) {
    picture.addEventListener("error", () => {
      if (picture.getAttribute("src")) problemIn(/** @type {HTMLElement} */ (picture.closest("dialog")), new Error("The picture could not be drawn. The server's log says why."));
    });
  }
}

const DECIDED = {
  good: "counts as written",
  fresh: "waits to be written on a fresh card",
  give_up: "is given up",
};

/** @param {Truth} truth @param {Job} listed */
export async function openDecide(truth, listed) {
  const dialog = byId("decide", HTMLDialogElement);
  problemIn(dialog);
  const where = listed.plotter ? ` on ${truth.plotterName(listed.plotter)}` : "";
  byId("decide-title", HTMLElement).textContent = `${jobTitle(listed)} was interrupted${where}`;
  byId("decide-reason", HTMLElement).textContent = listed.reason || "The server gave no reason.";
  byId("decide-text", HTMLElement).textContent = listed.text;
  byId("decide-strokes", HTMLElement).textContent = `On the paper: ${strokes(listed.progress)}`;
  byId("decide-note", HTMLInputElement).value = "";
  const picture = byId("decide-ink", HTMLImageElement);
  picture.alt = `The card as far as it was written: ${strokes(listed.progress)} of “${excerpt(listed.text, 80)}”`;
  picture.src = `${jobPath(listed.id, "ink.svg")}?attempt=${listed.attempts}`;
  decide = async (card) => {
    await busy(dialog, async () => {
      const note = byId("decide-note", HTMLInputElement).value.trim();
      try {
        await post(jobPath(listed.id, "decide"), note ? { card, note } : { card });
        dialog.close();
        announce(`${jobTitle(listed)} ${DECIDED[/** @type {keyof DECIDED} */ (card)]}.`);
        byId("needs-title", HTMLElement).focus();
        truth.soon("jobs");
        truth.soon("plotters");
      } catch (error) {
        problemIn(dialog, error);
      }
    });
  };
  dialog.showModal();
}

/** A card at its real size. @param {Truth} truth @param {Job} listed */
export async function openLook(truth, listed) {
  const dialog = byId("look", HTMLDialogElement);
  problemIn(dialog);
  byId("look-title", HTMLElement).textContent = `${jobTitle(listed)}, ${truth.stockTitle(listed.stock)}, real size`;
  const facts = byId("look-facts", HTMLElement);
  facts.textContent = "";
  const picture = byId("look-picture", HTMLImageElement);
  picture.alt = listed.text;
  picture.src = jobPath(listed.id, "preview.svg");
  dialog.showModal();
  try {
    const job = /** @type {Job} */ (await get(jobPath(listed.id)));
    const tries = job.attempts ? ` · ${count(job.attempts, "attempt", "attempts")}` : "";
    facts.textContent = [`${truth.handTitle(job.hand)} · ${jobState(job.state)}${tries}`, jobWhy(job)].filter(Boolean).join(" · ");
  } catch (error) {
    problemIn(dialog, error);
  }
}
