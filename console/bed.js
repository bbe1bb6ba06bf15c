// @ts-check
/** A plotter's bed: a picture of what lies where, the word on which slots hold blanks, and where slots lie. */

import { plotterPath, post } from "./api.js";
import { attribute, byId, el, svg } from "./dom.js";
import { busy, closable, complain, problemIn, tell } from "./notices.js";

/** @typedef {import("./api.js").Plotter} Plotter */
/** @typedef {import("./api.js").Slot} Slot */
/** @typedef {import("./truth.js").Truth} Truth */

/** @type {Record<string, string>} */
const LIES = { blank: "blank", writing: "under the pen", undecided: "waits for your decision", written: "written", nothing: "nothing" };

/** What lies in a slot, in words. @param {Slot} slot @param {Truth} truth */
export function lies(slot, truth) {
  const paper = slot.stock && slot.lies !== "nothing" ? `, ${truth.stockTitle(slot.stock)}` : "";
  return `${slot.name}: ${LIES[slot.lies] ?? slot.lies}${slot.blanks > 1 ? ` (${slot.blanks})` : ""}${paper}`;
}

/**
 * The bed from above, mm, y up, each slot's paper in its place. `papers` says which paper is meant where that is other
 * than what lies there.
 * @param {Plotter} plotter @param {Truth} truth @param {Map<string, string | null>} [papers]
 */
export function drawBed(plotter, truth, papers) {
  const { width_mm: width, height_mm: height } = plotter.bed;
  const label = `The bed of ${plotter.name}: ${plotter.slots.map((slot) => lies(slot, truth)).join("; ")}`;
  return svg(
    "svg",
    { viewBox: `-4 -4 ${width + 8} ${height + 8}`, role: "img", "aria-label": label, class: "bed-map" },
    svg("rect", { x: 0, y: 0, width, height, class: "bed-edge" }),
    ...plotter.slots.map((slot) => drawSlot(slot, height, truth, papers ? (papers.get(slot.name) ?? null) : slot.stock, papers !== undefined)),
  );
}

/** @param {Slot} slot @param {number} height @param {Truth} truth @param {string | null} paper @param {boolean} asked */
function drawSlot(slot, height, truth, paper, asked) {
  const stock = (paper && truth.stocks.get(paper)) || [...truth.stocks.values()][0];
  const w = stock?.width_mm ?? 100;
  const h = stock?.height_mm ?? 70;
  const state = asked ? (paper ? "blank" : "nothing") : slot.lies;
  const turn = `translate(${slot.x_mm} ${height - slot.y_mm}) rotate(${-slot.rotation_deg})`;
  // Words stand upright whichever way the paper is turned.
  return svg(
    "g",
    { transform: turn, class: "lying", "data-lies": state, "data-slot": slot.name },
    svg("rect", { x: 0, y: -h, width: w, height: h, class: "lying-paper" }),
    svg(
      "g",
      { transform: `translate(${w / 2} ${-h / 2}) rotate(${slot.rotation_deg})` },
      svg("text", { y: -4, class: "lying-name" }, slot.name),
      svg("text", { y: 16, class: "lying-word" }, asked ? (paper ?? "no card") : (LIES[slot.lies] ?? slot.lies)),
    ),
  );
}

/** The picture in a panel, for plotters with several slots. @param {HTMLElement} place @param {Plotter} plotter @param {Truth} truth */
export function showBed(place, plotter, truth) {
  place.hidden = plotter.slots.length < 2;
  if (place.hidden) return place.replaceChildren();
  const stamp = JSON.stringify([plotter.slots, truth.stocks.size]);
  if (place.dataset.stamp === stamp) return;
  place.dataset.stamp = stamp;
  place.replaceChildren(drawBed(plotter, truth));
}

/**
 * The slots to confirm in the load dialog: each with the paper that lies in it, or none.
 * @param {HTMLElement} place @param {Plotter} plotter @param {Truth} truth @param {string} stock for all at first
 * @returns {{papers: () => Record<string, string>, all: (stock: string) => void}}
 */
export function askSlots(place, plotter, truth, stock) {
  const busySlot = (/** @type {Slot} */ slot) => slot.lies === "writing" || slot.lies === "undecided";
  const picture = el("div", { class: "bed-picture" });
  const choices = plotter.slots.map((slot) => {
    const id = `slot-${slot.name}`;
    const choice = el(
      "select",
      { id, disabled: busySlot(slot), change: () => draw() },
      el("option", { value: "" }, "no blank"),
      ...Array.from(truth.stocks.values(), (one) => el("option", { value: one.name }, one.title)),
    );
    choice.value = busySlot(slot) ? "" : stock;
    return { slot, choice, row: el("p", { class: "slot" }, el("label", { for: id }, `Slot ${slot.name}`), choice, busySlot(slot) ? el("span", { class: "quiet" }, LIES[slot.lies]) : null) };
  });
  const chosen = () => choices.filter(({ choice }) => !choice.disabled && choice.value);
  const draw = () => picture.replaceChildren(drawBed(plotter, truth, new Map(choices.map(({ slot, choice }) => [slot.name, choice.value || null]))));
  place.replaceChildren(picture, ...choices.map(({ row }) => row));
  draw();
  return {
    papers: () => Object.fromEntries(chosen().map(({ slot, choice }) => [slot.name, choice.value])),
    all: (name) => {
      for (const { choice } of choices) if (!choice.disabled) choice.value = name;
      draw();
    },
  };
}

/** @type {((event: SubmitEvent) => Promise<void>) | null} */
let confirmPlace = null;

export function mountBed() {
  const dialog = byId("slots", HTMLDialogElement);
  closable(dialog);
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    void confirmPlace?.(event);
  });
}

/**
 * Where the slots of a plotter lie, by two touched corners.
 * @param {Truth} truth @param {Plotter} plotter @param {string} [token] of who has its controls
 */
export function openSlots(truth, plotter, token) {
  const dialog = byId("slots", HTMLDialogElement);
  const slot = byId("slots-slot", HTMLSelectElement);
  const stock = byId("slots-stock", HTMLSelectElement);
  byId("slots-title", HTMLElement).textContent = `Where cards lie on ${plotter.name}`;
  slot.replaceChildren(...plotter.slots.map((one) => el("option", { value: one.name }, one.name)));
  stock.replaceChildren(...Array.from(truth.stocks.values(), (one) => el("option", { value: one.name }, one.title)));
  stock.value = plotter.loaded_stock ?? stock.value;
  const now = () => plotter.slots.find((one) => one.name === slot.value) ?? plotter.slots[0];
  const show = () => {
    const it = now();
    if (!it) return;
    const since = it.measured_at ? "as measured" : "as the configuration has it";
    byId("slots-now", HTMLElement).textContent =
      `Slot ${it.name} lies at ${it.x_mm.toFixed(2)}, ${it.y_mm.toFixed(2)} mm, turned ${it.rotation_deg.toFixed(2)}°, ${since}.`;
    attribute(byId("slots-reset", HTMLButtonElement), "aria-disabled", it.measured_at ? null : "true");
    byId("slots-picture", HTMLElement).replaceChildren(drawBed(plotter, truth));
  };
  slot.onchange = show;
  for (const input of corners()) input.value = "";
  problemIn(dialog);
  for (const corner of /** @type {const} */ (["left", "right"])) {
    const here = byId(`slots-here-${corner}`, HTMLButtonElement);
    here.onclick = () =>
      busy(here, async () => {
        const at = await post(plotterPath(plotter.id, "here"), token ? { token } : {});
        byId(`slots-${corner}-x`, HTMLInputElement).value = String(at.x_mm);
        byId(`slots-${corner}-y`, HTMLInputElement).value = String(at.y_mm);
        problemIn(dialog);
      }, (error) => problemIn(dialog, error));
  }
  const ask = (/** @type {string} */ what, /** @type {object | undefined} */ body, /** @type {string} */ done) =>
    busy(dialog, async () => {
      plotter = await post(plotterPath(plotter.id, `slots/${encodeURIComponent(slot.value)}/${what}`), body);
      tell(done);
      problemIn(dialog);
      show();
      truth.soon("plotters");
    }, (error) => problemIn(dialog, error));
  const reset = byId("slots-reset", HTMLButtonElement);
  reset.onclick = () => {
    if (reset.getAttribute("aria-disabled") === "true") return tell(`Slot ${slot.value} lies where the configuration says.`);
    void ask("reset", undefined, `Slot ${slot.value} of ${plotter.name} lies where the configuration says.`);
  };
  confirmPlace = async () => {
    const [lx, ly, rx, ry] = corners().map((input) => input.valueAsNumber);
    const body = { stock: stock.value, lower_left: { x_mm: lx, y_mm: ly }, lower_right: { x_mm: rx, y_mm: ry } };
    await ask("measure", body, `Slot ${slot.value} of ${plotter.name} lies where you touched it.`);
  };
  show();
  dialog.showModal();
}

function corners() {
  return ["left-x", "left-y", "right-x", "right-y"].map((one) => byId(`slots-${one}`, HTMLInputElement));
}

/** A feeder that nobody watches but a person asks whether a card has come. @param {Plotter} plotter */
export function asksForCard(plotter) {
  return plotter.slots.some((slot) => slot.feed === "asked");
}

/** The answer. @param {Truth} truth @param {Plotter} plotter @param {boolean} came @param {HTMLElement} button */
export async function answerFeed(truth, plotter, came, button) {
  await busy(button, async () => {
    await post(plotterPath(plotter.id, "fed"), { card: came ? "here" : "missing" });
    tell(came ? `${plotter.name} writes on it.` : `${plotter.name}: the note waits again. Look into the feeder, then load.`);
    truth.soon("plotters");
  }, (error) => complain(error, `${plotter.name}, feeder`));
}
