// @ts-check
/** Looking at a card, and deciding about one that was interrupted. */

import { get, getText, jobPath, post, Problem } from "./api.js";
import { Card, read } from "./card.js";
import { byId } from "./dom.js";
import { busy, closable, problemIn, tell } from "./notices.js";
import { count, excerpt, jobState, jobTitle, jobWhy, moment, sentence, strokes, worth } from "./words.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./truth.js").Truth} Truth */

/** @type {(card: string) => Promise<void>} */
let decide = async () => {};
/** @type {() => Promise<void>} */
let cancel = async () => {};

export function mountJobDialogs() {
  const deciding = byId("decide", HTMLDialogElement);
  closable(deciding);
  for (const button of deciding.querySelectorAll("[data-card]")) {
    button.addEventListener("click", () => void decide(/** @type {HTMLElement} */ (button).dataset.card ?? ""));
  }
  const cancelling = byId("cancel", HTMLDialogElement);
  closable(cancelling);
  cancelling.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    void cancel();
  });
  const look = byId("look", HTMLDialogElement);
  closable(look);
  byId("look-picture", HTMLImageElement).addEventListener("error", () => {
    problemIn(look, new Error("The card could not be drawn; its hand or stock may be gone."));
  });
}

const DECIDED = {
  good: "counts as written",
  resume: "is gone on with",
  fresh: "waits to be written on a fresh card",
  give_up: "is given up",
};

/** @param {Truth} truth @param {Job} listed */
export async function openDecide(truth, listed) {
  const dialog = byId("decide", HTMLDialogElement);
  problemIn(dialog);
  const where = listed.plotter ? ` on ${truth.plotterName(listed.plotter)}` : "";
  byId("decide-title", HTMLElement).textContent = listed.state === "quarantined" ? `${jobTitle(listed)} is set aside` : `${jobTitle(listed)} was interrupted${where}`;
  byId("decide-reason", HTMLElement).textContent = sentence(listed.reason) || "The server gave no reason.";
  byId("decide-text", HTMLElement).textContent = listed.text;
  byId("decide-note", HTMLInputElement).value = "";
  const looked = byId("decide-looked", HTMLInputElement);
  looked.checked = false;
  const verdict = byId("decide-verdict", HTMLElement);
  verdict.textContent = worth(listed);
  verdict.hidden = !listed.verdict;
  verdict.dataset.card = listed.verdict?.card ?? "";
  const able = listed.state === "interrupted" && listed.verdict?.resumable === true;
  for (const one of dialog.querySelectorAll('[data-card="resume"], #decide-resume')) /** @type {HTMLElement} */ (one).hidden = !able;
  byId("decide-looked-line", HTMLElement).hidden = !able || listed.verdict?.card !== "look";
  decide = async (card) => {
    await busy(dialog, async () => {
      const note = byId("decide-note", HTMLInputElement).value.trim();
      await post(jobPath(listed.id, "decide"), { card, ...(note && { note }), ...(card === "resume" && { looked: looked.checked }) });
      dialog.close();
      tell(`${jobTitle(listed)} ${DECIDED[/** @type {keyof DECIDED} */ (card)]}.`);
      byId("needs-title", HTMLElement).focus();
      truth.soon("jobs");
      truth.soon("plotters");
    }, (error) => problemIn(dialog, error));
  };
  const picture = byId("decide-picture", HTMLElement);
  const below = byId("decide-strokes", HTMLElement);
  picture.replaceChildren();
  below.textContent = "";
  dialog.showModal();
  try {
    const [plan, ink] = await Promise.all([getText(jobPath(listed.id, "preview.svg")).then(read), inkOf(listed)]);
    const card = new Card(plan, `The card as far as it was written, ${strokes(listed.progress)} of: ${excerpt(listed.text, 120)}`);
    if (ink) card.ink(ink);
    else card.write(listed.progress.stroke);
    picture.replaceChildren(card.element);
    below.textContent = ink
      ? `Dark: the ink as the pen drew it, ${strokes(listed.progress)} finished. Pale: not written.`
      : `Nothing saw the ink. Dark: the ${strokes(listed.progress)} that are certain; there may be more on the card.`;
  } catch (error) {
    problemIn(dialog, error);
  }
}

/** The ink of the job's latest attempt, where the machine could tell. @param {Job} job */
async function inkOf(job) {
  try {
    return read(await getText(`${jobPath(job.id, "ink.svg")}?attempt=${job.attempts}`));
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/**
 * Cancel a card, once a person has seen which one.
 * @param {Truth} truth
 * @param {Job} listed
 * @param {() => Promise<void> | void} then what follows when it is cancelled
 */
export function openCancel(truth, listed, then) {
  const dialog = byId("cancel", HTMLDialogElement);
  problemIn(dialog);
  byId("cancel-title", HTMLElement).textContent = `Cancel ${jobTitle(listed)}?`;
  byId("cancel-text", HTMLElement).textContent = excerpt(listed.text, 200);
  byId("cancel-facts", HTMLElement).textContent =
    `${truth.handTitle(listed.hand)} on ${truth.stockTitle(listed.stock)} · ordered ${moment(listed.created_at)}`;
  cancel = async () => {
    await busy(dialog, async () => {
      const job = /** @type {Job} */ (await post(jobPath(listed.id, "cancel")));
      dialog.close();
      tell(`${jobTitle(listed)} is ${job.state === "cancelled" ? "cancelled" : "cancelled as soon as its plotter lets go of it"}.`);
      await then();
    }, (error) => problemIn(dialog, error));
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
