// @ts-check
/** The table of cards: by state, a page at a time, with what can be done about each. */

import { get, jobPath, post } from "./api.js";
import { attribute, byId, el, keep, say } from "./dom.js";
import { openCancel, openDecide, openLook } from "./job-dialogs.js";
import { busy, complain, tell } from "./notices.js";
import { excerpt, jobState, jobTitle, jobWhy, moment, number } from "./words.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./api.js").Page} Page */
/** @typedef {import("./truth.js").Truth} Truth */

const LIMIT = 20;
/** Newest first, save for those that wait: they stand in the order in which they are written. @type {{name: string, states: string[], order?: string}[]} */
const FILTERS = [
  { name: "Waiting", states: ["ready"], order: "oldest" },
  { name: "Under the pen", states: ["claimed", "writing"] },
  { name: "On hold", states: ["held"] },
  { name: "Interrupted", states: ["interrupted"] },
  { name: "Set aside", states: ["quarantined"] },
  { name: "Failed", states: ["failed"] },
  { name: "Written", states: ["done"] },
  { name: "Cancelled", states: ["cancelled"] },
  { name: "All", states: [] },
];
/** @type {{verb: string, label: string, states: string[], done: string}[]} */
const VERBS = [
  { verb: "release", label: "Release", states: ["held"], done: "waits for a plotter" },
  { verb: "hold", label: "Hold back", states: ["ready"], done: "is on hold" },
  { verb: "start", label: "Start its batch", states: ["held"], done: "and its batch wait for a plotter" },
  { verb: "requeue", label: "Requeue", states: ["failed"], done: "waits again" },
  { verb: "cancel", label: "Cancel", states: ["held", "ready", "claimed", "failed"], done: "is cancelled" },
];

/** @param {Truth} truth */
export function mountQueue(truth) {
  let filter = FILTERS[0];
  /** @type {string[]} the cursors that led to this page; the last one is its own */
  let trail = [""];
  let asked = 0;
  const rows = byId("queue", HTMLElement);
  const wanted = byId("queue-find", HTMLInputElement);
  const back = byId("page-back", HTMLButtonElement);
  const on = byId("page-on", HTMLButtonElement);

  const show = async () => {
    const mine = ++asked;
    const query = new URLSearchParams({ limit: String(LIMIT), order: filter.order ?? "newest" });
    // An order that somebody asks after may stand anywhere.
    const number = wanted.value.trim();
    if (number) query.set("external_id", number);
    else for (const state of filter.states) query.append("state", state);
    const after = trail[trail.length - 1];
    if (after) query.set("after", after);
    const page = /** @type {Page} */ (await get(`/v1/jobs?${query}`));
    if (mine !== asked) return;
    if (page.data.length === 0 && trail.length > 1) {
      trail = trail.slice(0, -1);
      return show();
    }
    keep(rows, page.data, (job) => job.id, (job) => row(truth, job, show), (element, job) => fill(truth, element, job));
    const none = byId("queue-none", HTMLElement);
    none.hidden = page.data.length > 0;
    if (number) none.textContent = `No card has the order number “${number}”.`;
    else none.textContent = filter.states.length ? `No card is ${filter.name.toLowerCase()}.` : "There is no card yet. Begin with a new note, or upload orders.";
    attribute(back, "aria-disabled", trail.length > 1 ? null : "true");
    attribute(on, "aria-disabled", page.has_more ? null : "true");
    on.dataset.next = page.next ?? "";
    say(byId("page-where", HTMLElement), page.has_more || trail.length > 1 ? `Page ${trail.length}` : "");
  };
  const tryShow = () => show().catch((error) => complain(error, "Reading the cards"));

  const counts = FILTERS.map(() => el("span", { class: "tally" }));
  byId("filters", HTMLElement).append(
    ...FILTERS.map((one, i) => {
      const input = el("input", { type: "radio", name: "filter", id: `filter-${i}`, checked: i === 0 });
      input.addEventListener("change", () => {
        filter = one;
        trail = [""];
        void tryShow();
      });
      return el("span", { class: "filter" }, input, el("label", { for: `filter-${i}` }, one.name, " ", counts[i]));
    }),
  );
  wanted.addEventListener("input", () => {
    trail = [""];
    void tryShow();
  });
  back.addEventListener("click", () => {
    if (trail.length > 1) trail = trail.slice(0, -1);
    void tryShow();
  });
  on.addEventListener("click", () => {
    if (on.getAttribute("aria-disabled") !== "true" && on.dataset.next) trail = [...trail, on.dataset.next];
    void tryShow();
  });
  truth.addEventListener("jobs", () => {
    const jobs = truth.figures?.jobs ?? {};
    FILTERS.forEach(({ states }, i) => {
      const n = states.reduce((sum, state) => sum + (jobs[state] ?? 0), 0);
      say(counts[i], n > 0 ? number(n) : "");
    });
    void tryShow();
  });
}

/** @type {WeakMap<HTMLElement, Job>} */
const jobs = new WeakMap();

/** @param {Truth} truth @param {Job} job @param {() => Promise<void>} again */
function row(truth, job, again) {
  const element = el("tr", { "data-job": job.id });
  const now = () => /** @type {Job} */ (jobs.get(element));
  const button = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => void} */ press) =>
    el("button", { type: "button", "data-do": name, "aria-label": `${label}: ${jobTitle(job)}`, click: press }, label);
  /** @type {HTMLElement[]} */
  const verbs = VERBS.map(({ verb, label, done }) =>
    button(verb, label, () => (verb === "cancel" ? openCancel(truth, now(), () => moved(element, again)) : void move(now(), verb, done, again, element))),
  );
  element.append(
    el("th", { scope: "row" }, el("span", { class: "excerpt" }), el("span", { class: "quiet ordered" }), el("span", { class: "quiet batch" })),
    el("td", { class: "with" }),
    el("td", {}, el("span", { class: "job-state" }), el("span", { class: "quiet job-why" })),
    el("td", { class: "on" }),
    el("td", { class: "row-buttons" }, button("look", "Look", () => void openLook(truth, now())), button("decide", "Decide", () => void openDecide(truth, now())), ...verbs),
  );
  return element;
}

/** Held only because its batch has not been started. @param {Job} job */
function unstarted(job) {
  return job.state === "held" && job.batch !== null && !job.hold;
}

/** @param {Truth} truth @param {HTMLElement} element @param {Job} job */
function fill(truth, element, job) {
  jobs.set(element, job);
  const put = (/** @type {string} */ where, /** @type {string} */ text) => say(/** @type {Element} */ (element.querySelector(where)), text);
  put(".excerpt", excerpt(job.text, 120));
  put(".ordered", [job.external_id, `ordered ${moment(job.created_at)}`].filter(Boolean).join(" · "));
  if (unstarted(job)) void nameBatch(truth, element, job);
  else put(".batch", "");
  put(".with", `${truth.handTitle(job.hand)} on ${truth.stockTitle(job.stock)}`);
  put(".job-state", jobState(job.state));
  put(".job-why", jobWhy(job));
  attribute(/** @type {Element} */ (element.querySelector(".job-why")), "title", jobWhy(job) || null);
  put(".on", truth.plotterName(job.plotter));
  attribute(element, "data-state", job.state);
  for (const button of element.querySelectorAll("button")) {
    const name = button.dataset.do;
    const states = name === "look" ? null : name === "decide" ? ["interrupted", "quarantined"] : (VERBS.find(({ verb }) => verb === name)?.states ?? []);
    button.hidden = (states !== null && !states.includes(job.state)) || (name === "release" && unstarted(job)) || (name === "start" && !unstarted(job));
  }
}

/** Which upload a card belongs to, so that its start starts the right one. @param {Truth} truth @param {HTMLElement} element @param {Job} job */
async function nameBatch(truth, element, job) {
  const id = job.batch ?? "";
  let words = `Batch ${id}`;
  try {
    const { name, created_at } = await truth.batch(id);
    const seconds = new Date(created_at).toLocaleTimeString("en-GB").slice(-3);
    words = `Batch ${name || id}, uploaded ${moment(created_at)}${seconds}`;
  } catch {
    // The id tells batches apart as well.
  }
  const now = jobs.get(element);
  if (now && unstarted(now)) say(/** @type {Element} */ (element.querySelector(".batch")), words);
}

/** The row has changed or gone; the keyboard stays in it or goes to the top. @param {HTMLElement} element @param {() => Promise<void>} again */
async function moved(element, again) {
  await again();
  if (!element.isConnected || element.contains(document.activeElement) === false) byId("queue-title", HTMLElement).focus();
}

/** @param {Job} job @param {string} verb @param {string} done @param {() => Promise<void>} again @param {HTMLElement} element */
async function move(job, verb, done, again, element) {
  await busy(element, async () => {
    await post(verb === "start" ? `/v1/batches/${encodeURIComponent(job.batch ?? "")}/start` : jobPath(job.id, verb));
    tell(`${jobTitle(job)} ${done}.`);
    await moved(element, again);
  }, (error) => complain(error, `${jobTitle(job)}, ${verb}`));
}
