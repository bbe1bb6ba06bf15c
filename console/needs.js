// @ts-check
/** What the plotters cannot settle by themselves, most urgent first, and how many such things there are. */

import { answerFeed, asksForCard } from "./bed.js";
import { jobPath, post } from "./api.js";
import { openCare } from "./care.js";
import { attribute, byId, el, keep, say } from "./dom.js";
import { openCancel, openDecide } from "./job-dialogs.js";
import { busy, complain, tell } from "./notices.js";
import { openBlanks } from "./plotter-dialogs.js";
import { count, excerpt, jobTitle, plotterState, sentence, strokes, worth } from "./words.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./api.js").Plotter} Plotter */
/** @typedef {import("./truth.js").Truth} Truth */
/** @typedef {{label: string, first?: boolean, press: (button: HTMLButtonElement) => void}} Way */
/** @typedef {{key: string, kind: "card" | "fault" | "blanks", title: string, why: string, text: string, ways: Way[]}} Need */

const FEW = 6;

/** @param {Truth} truth */
export function mountNeeds(truth) {
  const list = byId("needs-list", HTMLElement);
  const more = byId("needs-more", HTMLButtonElement);
  let all = false;
  const draw = () => {
    const needs = needsOf(truth);
    const hidden = all ? 0 : Math.max(0, needs.length - FEW);
    more.hidden = needs.length <= FEW;
    attribute(more, "aria-expanded", all ? "true" : "false");
    say(more, all ? "Show fewer" : `Show ${hidden} more`);
    byId("needs-none", HTMLElement).hidden = needs.length > 0;
    document.title = needs.length ? `(${needs.length}) Fairhand` : "Fairhand";
    say(byId("needs-title", HTMLElement), needs.length ? `What needs a person: ${needs.length}` : "What needs a person");
    keep(list, needs.slice(0, needs.length - hidden), (need) => need.key, make, update);
  };
  more.addEventListener("click", () => {
    all = !all;
    draw();
  });
  truth.addEventListener("plotters", draw);
  truth.addEventListener("jobs", draw);
  truth.addEventListener("shelf", draw);
}

/** @param {Truth} truth @returns {Need[]} */
function needsOf(truth) {
  return [
    ...truth.interrupted.map((job) => interrupted(truth, job)),
    ...truth.quarantined.map((job) => setAside(truth, job)),
    ...truth.plotters.filter((plotter) => unwell(truth, plotter)).map((plotter) => unfed(truth, plotter) ?? ill(truth, plotter)),
    ...truth.plotters.filter((plotter) => starving(truth, plotter)).map((plotter) => hungry(truth, plotter)),
    ...unserved(truth).map((stock) => unloaded(truth, stock)),
    ...truth.failed.map((job) => failed(truth, job)),
  ];
}

/** Papers that cards wait for and no plotter has, once nobody starves any more. @param {Truth} truth @returns {string[]} */
function unserved(truth) {
  if (truth.plotters.some((plotter) => starving(truth, plotter))) return [];
  const loaded = truth.plotters.filter((plotter) => plotter.mode === "active" && (plotter.blanks > 0 || plotter.job !== null));
  const wanted = new Set(truth.waiting.map((job) => job.stock));
  const has = (/** @type {Plotter} */ plotter, /** @type {string} */ stock) =>
    plotter.loaded_stock === stock || plotter.slots.some((slot) => slot.stock === stock && slot.blanks > 0);
  return [...wanted].filter((stock) => !loaded.some((plotter) => has(plotter, stock)));
}

/** @param {Truth} truth @param {string} stock @returns {Need} */
function unloaded(truth, stock) {
  const n = truth.waitingFor(stock);
  return { key: `${stock} unloaded`, kind: "blanks", title: `No plotter has ${truth.stockTitle(stock)}`, why: `${count(n, "card waits", "cards wait")} for it. Load it on a plotter when its blanks are used up.`, text: "", ways: [] };
}

/** A plotter in attention whose interrupted card is listed already needs no line of its own. @param {Truth} truth @param {Plotter} plotter */
function unwell(truth, plotter) {
  if (plotter.condition === "attention") return !truth.interrupted.some((job) => job.plotter === plotter.id);
  return plotter.condition === "fault" || (plotter.condition === "offline" && plotter.mode === "active");
}

/** Cards that wait and that this plotter may write. @param {Truth} truth @param {Plotter} plotter */
function mine(truth, plotter) {
  return truth.waiting.filter((job) => job.plotter === null || job.plotter === plotter.id).length;
}

/** @param {Truth} truth @param {Plotter} plotter */
function starving(truth, plotter) {
  return plotter.condition === "idle" && plotter.mode === "active" && plotter.blanks < 1 && mine(truth, plotter) > 0;
}

/** @param {Truth} truth @param {Job} job @returns {Need} */
function interrupted(truth, job) {
  const plotter = truth.plotters.find((one) => one.id === job.plotter);
  const slot = plotter && plotter.slots.length > 1 && plotter.job === job.id && plotter.slot ? `, slot ${plotter.slot}` : "";
  const where = job.plotter ? ` on ${truth.plotterName(job.plotter)}${slot}` : "";
  return {
    key: `${job.id} interrupted`,
    kind: "card",
    title: `${jobTitle(job)} was interrupted${where}`,
    why: [worth(job), sentence(job.reason), strokes(job.progress)].filter(Boolean).join(" · "),
    text: excerpt(job.text, 90),
    ways: [{ label: "Look and decide", first: true, press: () => void openDecide(truth, truth.interrupted.find((one) => one.id === job.id) ?? job) }],
  };
}

/** @param {Truth} truth @param {Job} job @returns {Need} */
function setAside(truth, job) {
  return {
    key: `${job.id} quarantined`,
    kind: "card",
    title: `${jobTitle(job)} is set aside`,
    why: sentence(job.reason),
    text: excerpt(job.text, 90),
    ways: [{ label: "Look and decide", first: true, press: () => void openDecide(truth, job) }],
  };
}

/** @param {Truth} truth @param {Job} job @returns {Need} */
function failed(truth, job) {
  return {
    key: `${job.id} failed`,
    kind: "fault",
    title: `${jobTitle(job)} could not be written`,
    why: sentence(job.reason),
    text: excerpt(job.text, 90),
    ways: [
      { label: "Requeue", press: (button) => void requeue(truth, job, button) },
      { label: "Cancel", press: () => openCancel(truth, job, () => settled(truth)) },
    ],
  };
}

/** A feeder that wants a person: to say whether a card has come, or to look why none has. @param {Truth} truth @param {Plotter} plotter @returns {Need | null} */
function unfed(truth, plotter) {
  if (plotter.condition !== "attention") return null;
  if (asksForCard(plotter)) {
    return {
      key: `${plotter.id} asks for a card`,
      kind: "blanks",
      title: `${plotter.name}: has a card come?`,
      why: "Look at the feeder: a fresh card must lie in place, alone.",
      text: "",
      ways: [
        { label: "Card is in", first: true, press: (button) => void answerFeed(truth, plotter, true, button) },
        { label: "No card", press: (button) => void answerFeed(truth, plotter, false, button) },
      ],
    };
  }
  if (!plotter.slots.some((slot) => slot.feed === "missing")) return null;
  return {
    key: `${plotter.id} unfed`,
    kind: "fault",
    title: `${plotter.name}: no card has come`,
    why: sentence(plotter.reason),
    text: "",
    ways: [{ label: "Load blanks", press: () => openBlanks(truth, now(truth, plotter)) }],
  };
}

/** @param {Truth} truth @param {Plotter} plotter @returns {Need} */
function ill(truth, plotter) {
  const { word, why } = plotterState(plotter);
  const waiting = truth.waiting.length ? `${count(truth.waiting.length, "card waits", "cards wait")}.` : "";
  return { key: `${plotter.id} ill`, kind: "fault", title: `${plotter.name}: ${word.toLowerCase()}`, why: [why, waiting].filter(Boolean).join(" · "), text: "", ways: cared(truth, plotter) };
}

/** The plotter as it is by the time somebody presses. @param {Truth} truth @param {Plotter} plotter */
function now(truth, plotter) {
  return truth.plotters.find((one) => one.id === plotter.id) ?? plotter;
}

/** What a plotter in attention without a card waits for is answered under its care. @param {Truth} truth @param {Plotter} plotter @returns {Way[]} */
function cared(truth, plotter) {
  if (plotter.condition !== "attention") return [];
  return [{ label: "Care", first: true, press: () => openCare(now(truth, plotter)) }];
}

/** @param {Truth} truth @param {Plotter} plotter @returns {Need} */
function hungry(truth, plotter) {
  return {
    key: `${plotter.id} hungry`,
    kind: "blanks",
    title: `${plotter.name} has no blanks`,
    why: `${count(mine(truth, plotter), "card waits", "cards wait")} for a plotter.`,
    text: "",
    ways: [{ label: "Load blanks", press: () => openBlanks(truth, now(truth, plotter)) }],
  };
}

/** @param {Need} need */
function make(need) {
  const item = el("li", { class: "need", "data-kind": need.kind });
  item.append(
    el("span", { class: "need-mark", "aria-hidden": "true" }),
    el("div", { class: "need-words" }, el("h3", {}), el("p", { class: "need-why" }), el("p", { class: "need-text" })),
    el("div", { class: "need-ways" }, ...need.ways.map((way) => wayButton(need, way))),
  );
  return item;
}

/** @param {Need} need @param {Way} way */
function wayButton(need, way) {
  /** @type {HTMLButtonElement} */
  const button = el("button", { type: "button", class: way.first ? "first" : null, "aria-label": `${way.label}: ${need.title}`, click: () => way.press(button) }, way.label);
  return button;
}

/** @param {HTMLElement} item @param {Need} need */
function update(item, need) {
  const [title, why, text] = /** @type {HTMLElement[]} */ (Array.from(item.querySelectorAll("h3, .need-why, .need-text")));
  say(title, need.title);
  say(why, need.why);
  say(text, need.text);
  why.hidden = !need.why;
  text.hidden = !need.text;
}

/** @param {Truth} truth @param {Job} job @param {HTMLElement} button */
async function requeue(truth, job, button) {
  await busy(button, async () => {
    await post(jobPath(job.id, "requeue"));
    tell(`${jobTitle(job)} waits again.`);
    settled(truth);
  }, (error) => complain(error, `${jobTitle(job)}, requeue`));
}

/** A line of the list is gone, and the keyboard with it. @param {Truth} truth */
function settled(truth) {
  byId("needs-title", HTMLElement).focus();
  truth.soon("jobs");
}
