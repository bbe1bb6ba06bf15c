// @ts-check
/** Orders by CSV: checked first, shown with what was refused, started by a person. */

import { freshKey, post, upload } from "./api.js";
import { byId, el } from "./dom.js";
import { busy, closable, problemIn, tell } from "./notices.js";
import { options } from "./note.js";
import { count, sentence } from "./words.js";

/** @typedef {import("./truth.js").Truth} Truth */
/** @typedef {{id: string, total: number, accepted: number, refused: number, failures: {row: number, column: string | null, message: string}[], warnings?: Warning[]}} Batch */
/** @typedef {{row: number, code: string, message: string, external_id?: string | null, job?: string | null}} Warning */

/** @param {Truth} truth */
export function mountBatch(truth) {
  const dialog = byId("batch", HTMLDialogElement);
  const file = byId("batch-file", HTMLInputElement);
  const hand = byId("batch-hand", HTMLSelectElement);
  const stock = byId("batch-stock", HTMLSelectElement);
  const template = byId("batch-template", HTMLSelectElement);
  const go = byId("batch-go", HTMLButtonElement);
  /** @type {Batch | null} */
  let batch = null;
  let key = freshKey();

  const check = async () => {
    const chosen = file.files?.[0];
    if (!chosen) {
      file.focus();
      throw new Error("Choose a CSV file first.");
    }
    const form = new FormData();
    form.set("orders", chosen);
    form.set("hand", hand.value);
    form.set("stock", stock.value);
    if (template.value) form.set("template", template.value);
    form.set("start", "false");
    batch = await upload("/v1/batches", form, key);
    if (batch) result(batch);
  };
  const start = async () => {
    if (!batch) return;
    await post(`/v1/batches/${encodeURIComponent(batch.id)}/start`);
    tell(`${count(batch.accepted, "card waits", "cards wait")} for the plotters.`);
    batch = null;
    dialog.close();
    truth.soon("jobs");
  };

  const discard = async () => {
    if (!batch) return;
    const gone = batch.accepted;
    await post(`/v1/batches/${encodeURIComponent(batch.id)}/discard`);
    batch = null;
    tell(`${count(gone, "card is", "cards are")} discarded; nothing was written.`);
    dialog.close();
    truth.soon("jobs");
  };
  const away = byId("batch-discard", HTMLButtonElement);
  away.addEventListener("click", () => {
    void busy(away, async () => {
      problemIn(dialog);
      await discard();
    }, (error) => problemIn(dialog, error));
  });

  /** @param {Batch} found */
  const result = (found) => {
    byId("batch-choose", HTMLElement).hidden = true;
    byId("batch-result", HTMLElement).hidden = false;
    byId("batch-failed", HTMLElement).hidden = found.refused === 0;
    const counts = byId("batch-counts", HTMLElement);
    counts.textContent = `${count(found.total, "row", "rows")}: ${found.accepted} can be written, ${found.refused} refused.`;
    byId("batch-failures", HTMLElement).replaceChildren(
      ...found.failures.map((one) => el("tr", {}, el("td", {}, one.row), el("td", {}, one.column ?? ""), el("td", {}, sentence(one.message)))),
    );
    const warnings = found.warnings ?? [];
    byId("batch-warned", HTMLElement).hidden = warnings.length === 0;
    byId("batch-warned-count", HTMLElement).textContent = `Look before you start: ${count(warnings.length, "warning", "warnings")}`;
    byId("batch-warnings", HTMLElement).replaceChildren(
      ...warnings.map((one) => el("tr", {}, el("td", {}, one.row), el("td", {}, one.external_id ?? ""), el("td", {}, sentence(one.message)))),
    );
    byId("batch-csv", HTMLAnchorElement).href = `/v1/batches/${encodeURIComponent(found.id)}/failures.csv`;
    go.hidden = away.hidden = found.accepted === 0;
    go.textContent = `Start writing ${count(found.accepted, "card", "cards")}`;
    counts.focus();
  };

  closable(dialog);
  dialog.addEventListener("close", () => {
    if (batch?.accepted) tell(`${count(batch.accepted, "card stays", "cards stay")} on hold; start them under Cards > On hold.`);
    batch = null;
  });
  for (const field of [file, hand, stock, template]) {
    field.addEventListener("change", () => {
      key = freshKey();
    });
  }
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    void busy(dialog, async () => {
      problemIn(dialog);
      await (batch ? start() : check());
    }, (error) => problemIn(dialog, error));
  });

  return () => {
    if (dialog.open) return;
    batch = null;
    key = freshKey();
    file.value = "";
    options(hand, truth.hands.values());
    options(stock, truth.stocks.values());
    options(template, truth.templates);
    template.prepend(el("option", { value: "" }, "none"));
    template.value = "";
    problemIn(dialog);
    byId("batch-choose", HTMLElement).hidden = false;
    byId("batch-result", HTMLElement).hidden = true;
    go.hidden = false;
    away.hidden = true;
    go.textContent = "Check the file";
    dialog.showModal();
  };
}
