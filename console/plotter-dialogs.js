// @ts-check
/** Questions about a plotter: which blanks were loaded, and whether to stop for good. */

import { plotterPath, post } from "./api.js";
import { askSlots, openSlots } from "./bed.js";
import { byId, el, say } from "./dom.js";
import { announce, busy, closable, problemIn, tell } from "./notices.js";
import { count, number, underPen } from "./words.js";

/** @typedef {import("./api.js").Plotter} Plotter */
/** @typedef {import("./truth.js").Truth} Truth */

/** @type {((event: SubmitEvent) => Promise<void>) | null} */
let confirmBlanks = null;
/** @type {((event: SubmitEvent) => Promise<void>) | null} */
let confirmStop = null;
/** The plotter that the stop dialog asks about. */
let stopping = "";

export function mountPlotterDialogs() {
  for (const [id, current] of /** @type {const} */ ([
    ["blanks", () => confirmBlanks],
    ["stop", () => confirmStop],
  ])) {
    const dialog = byId(id, HTMLDialogElement);
    closable(dialog);
    dialog.querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      void current()?.(event);
    });
  }
}

/** @param {Truth} truth @param {Plotter} plotter */
export function openBlanks(truth, plotter) {
  const dialog = byId("blanks", HTMLDialogElement);
  const stock = byId("blanks-stock", HTMLSelectElement);
  const amount = byId("blanks-count", HTMLInputElement);
  const looked = byId("blanks-looked", HTMLInputElement);
  byId("blanks-title", HTMLElement).textContent = `Load blanks on ${plotter.name}`;
  stock.replaceChildren(...Array.from(truth.stocks.values(), (one) => option(one, truth.waitingFor(one.name))));
  stock.value = plotter.loaded_stock ?? mostWanted(truth) ?? stock.value;
  const several = plotter.slots.length > 1;
  byId("blanks-slots", HTMLElement).hidden = !several;
  byId("blanks-amount", HTMLElement).hidden = several;
  const slots = several ? askSlots(byId("blanks-bed", HTMLElement), plotter, truth, stock.value) : null;
  stock.onchange = () => slots?.all(stock.value);
  byId("blanks-measure", HTMLButtonElement).onclick = () => {
    dialog.close();
    openSlots(truth, plotter);
  };
  const room = plotter.capacity - (underPen(plotter) ? 1 : 0);
  amount.disabled = several;
  amount.max = String(room);
  amount.value = String(room);
  byId("blanks-room", HTMLElement).textContent =
    `${plotter.name} holds at most ${number(plotter.capacity)}.` +
    (underPen(plotter) ? ` One card is under the pen: at most ${count(room, "blank", "blanks")} beside it.` : "");
  looked.checked = false;
  problemIn(dialog);
  confirmBlanks = async () => {
    await busy(dialog, async () => {
      const papers = slots?.papers();
      await post(plotterPath(plotter.id, "blanks"), papers ? { slots: papers } : { count: amount.valueAsNumber, stock: stock.value });
      dialog.close();
      const what = papers ? `${count(Object.keys(papers).length, "slot", "slots")} with a blank` : `${count(amount.valueAsNumber, "blank", "blanks")} of ${truth.stockTitle(stock.value)}`;
      tell(`${plotter.name}: ${what} confirmed.`);
      truth.soon("plotters");
    }, (error) => problemIn(dialog, error));
  };
  dialog.showModal();
}

/** @param {{name: string, title: string}} stock @param {number} waiting */
function option(stock, waiting) {
  return el("option", { value: stock.name }, waiting ? `${stock.title} (${waiting} waiting)` : stock.title);
}

/** The stock most cards wait for. @param {Truth} truth */
function mostWanted(truth) {
  const stocks = Array.from(truth.stocks.keys());
  return stocks.sort((a, b) => truth.waitingFor(b) - truth.waitingFor(a))[0];
}

/** @param {Truth} truth @param {Plotter} plotter @param {number} stroke */
export function openStop(truth, plotter, stroke) {
  const dialog = byId("stop", HTMLDialogElement);
  byId("stop-title", HTMLElement).textContent = `Stop ${plotter.name}?`;
  stopping = plotter.id;
  unfinished(stroke, plotter.progress?.strokes ?? 0);
  problemIn(dialog);
  confirmStop = async () => {
    await busy(dialog, async () => {
      await post(plotterPath(plotter.id, "stop"));
      dialog.close();
      truth.soon("plotters");
      announce(`${plotter.name} is stopping.`);
    }, (error) => problemIn(dialog, error));
  };
  dialog.showModal();
}

/** The pen goes on while a person thinks about stopping it. @param {Plotter} plotter @param {number} stroke @param {number} of */
export function followStop(plotter, stroke, of) {
  if (plotter.id === stopping && byId("stop", HTMLDialogElement).open) unfinished(stroke, of);
}

/** @param {number} stroke @param {number} of */
function unfinished(stroke, of) {
  const where = stroke > 0 && of > 0 ? `, at about stroke ${number(stroke)} of ${number(of)}` : "";
  say(byId("stop-card", HTMLElement), `The card under it stays unfinished${where}.`);
}
