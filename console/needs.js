// @ts-check
/** What the plotters cannot settle by themselves, most urgent first, and how many such things there are. */

import { jobPath, post } from "./api.js";
import { byId, el, keep, say } from "./dom.js";
import { openDecide } from "./job-dialogs.js";
import { announce, busy, complain } from "./notices.js";
import { openBlanks } from "./plotter-dialogs.js";
import { count, excerpt, jobTitle, plotterState, strokes } from "./words.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./api.js").Plotter} Plotter */
/** @typedef {import("./truth.js").Truth} Truth */
/** @typedef {{label: string, first?: boolean, press: (button: HTMLButtonElement) => void}} Way */
/** @typedef {{key: string, kind: "card" | "fault" | "blanks", title: string, why: string, text: string, ways: Way[]}} Need */

/** @param {Truth} truth */
export function mountNeeds(truth) {
  const list = byId("needs-list", HTMLElement);
  const draw = () => {
    const needs = needsOf(truth);
    byId("needs-none", HTMLElement).hidden = needs.length > 0;
    document.title = needs.length ? `(${needs.length}) Fairhand` : "Fairhand";
    say(byId("needs-title", HTMLElement), needs.length ? `What needs a person: ${needs.length}` : "What needs a person");
    keep(list, needs, (need) => need.key, make, update);
  };
  truth.addEventListener("plotters", draw);
  truth.addEventListener("jobs", draw);
  truth.addEventListener("shelf", draw);
}

/** @param {Truth} truth @returns {Need[]} */
function needsOf(truth) {
  return [
    ...truth.interrupted.map((job) => interrupted(truth, job)),
    ...truth.plotters.filter((plotter) => unwell(truth, plotter)).map((plotter) => ill(truth, plotter)),
    ...truth.plotters.filter((plotter) => starving(truth, plotter)).map((plotter) => hungry(truth, plotter)),
    ...truth.failed.map((job) => failed(truth, job)),
  ];
}

/** A plotter in attention whose interrupted card is listed already needs no line of its own. @param {Truth} truth @param {Plotter} plotter */
function unwell(truth, plotter) {
  if (plotter.condition === "attention") return !truth.interrupted.some((job) => job.plotter === plotter.id);
  return plotter.condition === "fault" || (plotter.condition === "offline" && plotter.mode === "active");
}

/** @param {Truth} truth @param {Plotter} plotter */
function starving(truth, plotter) {
  return plotter.condition === "idle" && plotter.mode === "active" && plotter.blanks < 1 && truth.waiting.length > 0;
}

/** @param {Truth} truth @param {Job} job @returns {Need} */
function interrupted(truth, job) {
  const where = job.plotter ? ` on ${truth.plotterName(job.plotter)}` : "";
  return {
    key: `${job.id} interrupted`,
    kind: "card",
    title: `${jobTitle(job)} was interrupted${where}`,
    why: [job.reason, strokes(job.progress)].filter(Boolean).join(" · "),
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
    why: job.reason ?? "",
    text: excerpt(job.text, 90),
    ways: [
      { label: "Requeue", press: (button) => void move(truth, job, "requeue", button) },
      { label: "Cancel", press: (button) => void move(truth, job, "cancel", button) },
    ],
  };
}

/** @param {Truth} truth @param {Plotter} plotter @returns {Need} */
function ill(truth, plotter) {
  const { word, why } = plotterState(plotter, undefined);
  const waiting = truth.waiting.length ? `${count(truth.waiting.length, "card waits", "cards wait")}.` : "";
  return { key: `${plotter.id} ill`, kind: "fault", title: `${plotter.name}: ${word.toLowerCase()}`, why: [why, waiting].filter(Boolean).join(" · "), text: "", ways: [] };
}

/** @param {Truth} truth @param {Plotter} plotter @returns {Need} */
function hungry(truth, plotter) {
  return {
    key: `${plotter.id} hungry`,
    kind: "blanks",
    title: `${plotter.name} has no blanks`,
    why: `${truth.figures.waiting} ${truth.waiting.length === 1 ? "card waits" : "cards wait"}.`,
    text: "",
    ways: [{ label: "Load blanks", press: () => openBlanks(truth, truth.plotters.find((one) => one.id === plotter.id) ?? plotter) }],
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

/** @param {Truth} truth @param {Job} job @param {"requeue" | "cancel"} verb @param {HTMLElement} button */
async function move(truth, job, verb, button) {
  await busy(button, async () => {
    try {
      await post(jobPath(job.id, verb));
      announce(verb === "requeue" ? `${jobTitle(job)} waits again.` : `${jobTitle(job)} is cancelled.`);
      byId("needs-title", HTMLElement).focus();
      truth.soon("jobs");
    } catch (error) {
      complain(error, `${jobTitle(job)}, ${verb}`);
    }
  });
}
