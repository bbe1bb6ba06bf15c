// @ts-check
/** The care of a plotter: its pen and the ink that is left, whether it stands in its place, macros, tests of the pen. */

import { get, plotterPath, post } from "./api.js";
import { attribute, byId, el, say } from "./dom.js";
import { busy, closable, problemIn, tell } from "./notices.js";
import { count, moment, number, sentence } from "./words.js";

/** @typedef {import("./api.js").Plotter} Plotter */
/** @typedef {import("./truth.js").Truth} Truth */
/** @typedef {{kind: string, at: string, good: boolean | null, error_mm: number | null, cards: number, words: string, by: string | null}} Check */
/**
 * @typedef {object} Care
 * @property {string} id
 * @property {{name: string, title: string, ink_m: number | null}[]} pens
 * @property {{name: string, title: string, ink_m: number | null, used_m: number, left_m: number | null, cards: number, lifts: number, fitted_at: string} | null} pen
 * @property {Record<string, number>} lift
 * @property {number} drawn_m
 * @property {number} cards
 * @property {number} lifts
 * @property {number} drift_check_every
 * @property {number} unchecked
 * @property {string | null} asks
 * @property {string | null} out_of_place
 * @property {Check[]} checks
 * @property {string[]} macros
 * @property {boolean} scribble
 */

/** What heights and waits are called, and their steps. */
const LIFT = /** @type {Record<string, [string, string]>} */ ({
  down_s: ["Servo, pen on paper", "1"],
  up_s: ["Servo, pen lifted", "1"],
  down_settle_s: ["Wait after lowering, s", "0.05"],
  up_settle_s: ["Wait after lifting, s", "0.05"],
  down_mm: ["Z with the pen on paper, mm", "0.05"],
  up_mm: ["Z with the pen lifted, mm", "0.05"],
});

/** @type {Plotter | null} */
let shown = null;
/** @type {Truth} */
let truth;
const dialog = () => byId("care", HTMLDialogElement);

/** @param {Truth} of */
export function mountCare(of) {
  truth = of;
  closable(dialog());
  const press = (/** @type {string} */ id, /** @type {() => Promise<string | null>} */ work) =>
    byId(id, HTMLButtonElement).addEventListener("click", () => void ask(byId(id, HTMLButtonElement), work));
  press("care-yes", async () => (await answer(true), null));
  press("care-no", async () => (await answer(false), null));
  press("care-settle", async () => (draw(await tellServer("check/settle")), "It goes on."));
  press("care-fit", async () => {
    const used = byId("care-used", HTMLInputElement);
    draw(await tellServer("pen", { pen: byId("care-pens", HTMLSelectElement).value, used_m: used.valueAsNumber || 0 }));
    used.value = "0";
    return "Its ink is counted from now on.";
  });
  press("care-check", async () => sentence((await tellServer("check")).words));
  press("care-scribble", async () => sentence((await tellServer("pen/scribble")).words));
  press("care-keep", async () => (draw(await tellServer("pen/lift", lift())), "Kept until the pen is changed."));
  press("care-try", async () => sentence((await tellServer("pen/try", { value: byId("care-value", HTMLInputElement).valueAsNumber })).words));
  press("care-heights", () => steps("heights"));
  press("care-settles", () => steps("settles"));
  truth.addEventListener("plotters", () => {
    if (dialog().open && shown) void read();
  });
}

/** @param {Plotter} plotter */
export function openCare(plotter) {
  shown = plotter;
  byId("care-title", HTMLElement).textContent = `Care of ${plotter.name}`;
  problemIn(dialog());
  say(byId("care-said", HTMLElement), "");
  byId("care-lift", HTMLElement).replaceChildren();
  void read().then(() => dialog().showModal());
}

async function read() {
  try {
    draw(await tellMe());
  } catch (error) {
    problemIn(dialog(), error);
  }
}

/** @returns {Promise<Care>} */
const tellMe = () => get(plotterPath(/** @type {Plotter} */ (shown).id, "care"));
/** @param {string} what @param {object} [body] @returns {Promise<any>} */
const tellServer = (what, body) => post(plotterPath(/** @type {Plotter} */ (shown).id, what), body);
/** @param {boolean} good */
const answer = async (good) => draw(await tellServer("check/answer", { good }));

/** @param {HTMLButtonElement} button @param {() => Promise<string | null>} work */
async function ask(button, work) {
  await busy(button, async () => {
    problemIn(dialog());
    const words = await work();
    say(byId("care-said", HTMLElement), words ?? "");
    if (words) tell(`${shown?.name}: ${words}`);
    draw(await tellMe());
    truth.soon("plotters");
    truth.soon("jobs");
  }, (error) => problemIn(dialog(), error));
}

/** @param {"heights" | "settles"} kind */
async function steps(kind) {
  const values = byId("care-values", HTMLInputElement).value.split(/[\s,;]+/).filter(Boolean).map(Number);
  return sentence((await tellServer("pen/steps", { kind, values })).words);
}

/** What stands in the fields of heights and waits. */
function lift() {
  const fields = byId("care-lift", HTMLElement).querySelectorAll("input");
  return Object.fromEntries(Array.from(fields, (field) => [field.name, field.valueAsNumber]));
}

/** @param {Care} care */
function draw(care) {
  const question = care.asks ?? care.out_of_place;
  const asks = byId("care-asks", HTMLElement);
  asks.hidden = question === null;
  say(byId("care-question", HTMLElement), sentence(question));
  for (const id of ["care-yes", "care-no"]) byId(id, HTMLElement).hidden = care.asks === null;
  byId("care-settle", HTMLElement).hidden = care.out_of_place === null;
  pen(care);
  place(care);
  say(byId("care-wear", HTMLElement), `In its life: ${count(care.cards, "card", "cards")}, ${number(Math.round(care.drawn_m))} m of line, ${count(care.lifts, "lift", "lifts")} of the pen.`);
  const macros = byId("care-macros", HTMLElement);
  byId("care-no-macros", HTMLElement).hidden = care.macros.length > 0;
  if (macros.dataset.names !== care.macros.join()) {
    macros.dataset.names = care.macros.join();
    macros.replaceChildren(...care.macros.map(macro));
  }
}

/** @param {string} name */
function macro(name) {
  const button = el("button", { type: "button" }, `Run ${name}`);
  button.addEventListener("click", () => void ask(button, async () => `${name}: ${(await tellServer("macro", { macro: name })).words}`));
  return button;
}

/** @param {Care} care */
function pen(care) {
  const fitted = care.pen;
  const bar = byId("care-ink", HTMLProgressElement);
  bar.hidden = fitted?.left_m == null;
  if (fitted?.left_m != null && fitted.ink_m) {
    bar.max = fitted.ink_m;
    bar.value = fitted.left_m;
  }
  const left = fitted?.left_m == null ? "Nobody knows how much ink it holds" : `${number(Math.round(fitted.left_m))} of ${number(fitted.ink_m ?? 0)} m left`;
  say(
    byId("care-pen", HTMLElement),
    fitted
      ? `${fitted.title}: ${left}. ${count(fitted.cards, "card", "cards")}, ${count(fitted.lifts, "lift", "lifts")} since ${moment(fitted.fitted_at)}.`
      : "Nobody has said which pen is in it; its ink is not counted.",
  );
  const select = byId("care-pens", HTMLSelectElement);
  const names = care.pens.map((one) => one.name).join();
  if (select.dataset.names !== names) {
    select.dataset.names = names;
    select.replaceChildren(...care.pens.map((one) => el("option", { value: one.name }, one.ink_m ? `${one.title}, ${number(one.ink_m)} m` : one.title)));
  }
  byId("care-fitting", HTMLElement).hidden = care.pens.length === 0;
  byId("care-scribble", HTMLElement).hidden = !care.scribble;
  const fields = byId("care-lift", HTMLElement);
  // What a person types is not taken away while they look at the paper.
  if (fields.childElementCount === 0) fields.replaceChildren(...Object.entries(care.lift).map(field));
  byId("care-keep", HTMLElement).hidden = fitted === null;
}

/** @param {[string, number]} one */
function field([name, value]) {
  const [label, step] = LIFT[name] ?? [name, "any"];
  const id = `care-${name}`;
  return el("p", { class: "field" }, el("label", { for: id }, label), el("input", { id, name, type: "number", step, value, inputmode: "decimal" }));
}

/** @param {Care} care */
function place(care) {
  const last = care.checks.find((check) => check.kind !== "start");
  const every = care.drift_check_every
    ? `Looked at every ${count(care.drift_check_every, "card", "cards")}; ${count(care.unchecked, "card", "cards")} since the last good check.`
    : "Never looked at by itself.";
  say(byId("care-place", HTMLElement), last ? `${every} ${verdict(last)}` : every);
  byId("care-checks", HTMLElement).replaceChildren(...care.checks.map((check) => el("li", {}, verdict(check))));
  byId("care-history", HTMLElement).hidden = care.checks.length === 0;
  attribute(byId("care-place", HTMLElement), "data-bad", last?.good === false ? "yes" : null);
}

/** @param {Check} check */
function verdict(check) {
  const error = check.error_mm === null ? check.words : `${check.error_mm.toFixed(2)} mm off`;
  if (check.good === null) return `${moment(check.at)}: ${error || "not answered yet"}.`;
  return `${moment(check.at)}: ${check.good ? "good" : "bad"}${error ? `, ${error}` : ""}.`;
}
