// @ts-check
/** A new note: seen as it will be written while it is typed, then sent. */

import { freshKey, post, Problem } from "./api.js";
import { Card, read } from "./card.js";
import { attribute, byId, el } from "./dom.js";
import { busy, closable, complain, problemIn, tell } from "./notices.js";
import { count, duration, excerpt, jobTitle, sentence } from "./words.js";

/** @typedef {import("./truth.js").Truth} Truth */

const TYPING_MS = 350;
const FIELDS = ["text", "hand", "stock", "seed"];
/** What a person may write otherwise for once: title, least, most, step. @type {Record<string, [string, number, number, number]>} */
const KNOBS = {
  neatness: ["Neatness", 0, 1, 0.01],
  speed: ["Speed", 0, 1, 0.01],
  slant: ["Slant", -20, 25, 0.5],
  size: ["Size", 0.6, 1.6, 0.01],
  connectedness: ["Joined letters", 0, 1, 0.01],
};

/** @param {Truth} truth */
export function mountNote(truth) {
  const dialog = byId("note", HTMLDialogElement);
  const text = byId("note-text", HTMLTextAreaElement);
  const hand = byId("note-hand", HTMLSelectElement);
  const stock = byId("note-stock", HTMLSelectElement);
  const seed = byId("note-seed", HTMLInputElement);
  const transliterate = byId("note-transliterate", HTMLInputElement);
  const picture = byId("note-picture", HTMLElement);
  const facts = byId("note-facts", HTMLElement);
  const knobs = Object.entries(KNOBS).map(([name, [title, min, max, step]]) => {
    const input = el("input", { id: `note-${name}`, type: "range", min, max, step });
    byId("note-knobs", HTMLElement).append(el("p", { class: "field" }, el("label", { for: input.id }, title), input));
    return { name, input, turned: false };
  });
  let key = freshKey();
  let timer = 0;
  let asking = new AbortController();

  const note = () => {
    if (!Number.isSafeInteger(seed.valueAsNumber)) {
      const message = "Give a whole number, or press “Write it another way”.";
      throw new Problem(422, message, [{ field: "seed", code: "missing", message }]);
    }
    const turned = knobs.filter((knob) => knob.turned).map(({ name, input }) => [name, input.valueAsNumber]);
    const asks = { transliterate: transliterate.checked, knobs: Object.fromEntries(turned) };
    return { text: text.value, hand: hand.value, stock: stock.value, seed: seed.valueAsNumber, ...asks };
  };

  const preview = async () => {
    asking.abort();
    const mine = (asking = new AbortController());
    faults(dialog, null);
    if (!text.value.trim()) {
      const paper = truth.stocks.get(stock.value);
      if (paper?.width_mm && paper.height_mm) {
        picture.replaceChildren(new Card({ width: paper.width_mm, height: paper.height_mm, paths: [], folds: [] }, `A blank ${paper.title}`).element);
      }
      facts.textContent = "Type, and the card shows what the pen will write.";
      return;
    }
    try {
      const seen = await post("/v1/previews", note(), { signal: mine.signal });
      const card = new Card(read(seen.svg), `The card as it will be written: ${excerpt(text.value, 200)}`);
      card.writeAll();
      picture.replaceChildren(card.element);
      attribute(picture, "data-stale", null);
      const warnings = (seen.warnings ?? []).map((/** @type {any} */ one) => sentence(one.message).replace(/\.?$/, "."));
      facts.textContent = [
        `${count(seen.lines, "line", "lines")}, ${count(seen.characters, "character", "characters")}, letters ${Number(seen.xheight_mm).toFixed(1)} mm high, about ${duration(seen.seconds)} of pen time.`,
        ...warnings,
      ].join(" ");
    } catch (error) {
      if (mine.signal.aborted) return;
      attribute(picture, "data-stale", "yes");
      facts.textContent = "This note cannot be written as it stands.";
      if (!transliterate.checked && error instanceof Problem && error.faults.some((one) => one.code === "unwritable_character")) {
        facts.textContent += " Other letters may stand in: see “How it is written”.";
        transliterate.closest("details")?.setAttribute("open", "");
      }
      faults(dialog, error);
    }
  };
  const soon = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(preview, TYPING_MS);
  };

  closable(dialog);
  dialog.addEventListener("close", () => window.clearTimeout(timer));
  /** All knobs as the chosen hand's person has them. */
  const usual = () => {
    for (const knob of knobs) {
      knob.turned = false;
      knob.input.value = String(truth.hands.get(hand.value)?.knobs?.[knob.name] ?? "");
    }
  };
  hand.addEventListener("input", usual);
  for (const knob of knobs) knob.input.addEventListener("input", () => (knob.turned = true));
  for (const field of [text, hand, stock, seed, transliterate, ...knobs.map(({ input }) => input)]) field.addEventListener("input", soon);
  byId("note-again", HTMLButtonElement).addEventListener("click", () => {
    seed.value = String(chance());
    void preview();
  });
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    void busy(dialog, async () => {
      window.clearTimeout(timer);
      asking.abort();
      faults(dialog, null);
      try {
        const job = await post("/v1/jobs", note(), { key });
        dialog.close();
        text.value = "";
        tell(`${jobTitle(job)} is in the queue.`);
        truth.soon("jobs");
      } catch (error) {
        faults(dialog, error);
        const wrong = dialog.querySelector("[aria-invalid=true]");
        if (wrong instanceof HTMLElement) wrong.focus();
        // The server answers a used key with its first answer; a mended note is another request.
        if (error instanceof Problem && error.status !== 0) key = freshKey();
      }
    });
  });

  /** Open the form; what was typed and not sent is still there. */
  return () => {
    if (dialog.open) return;
    options(hand, truth.hands.values());
    options(stock, truth.stocks.values());
    if (!hand.options.length || !stock.options.length) return complain(new Error("The server has named no hands and stocks yet."), "New note");
    if (!seed.value || !text.value) seed.value = String(chance());
    if (!knobs.some((knob) => knob.turned)) usual();
    key = freshKey();
    dialog.showModal();
    void preview();
  };
}

/** Put each fault at its field, and the rest at the foot. @param {HTMLElement} dialog @param {unknown} error */
function faults(dialog, error) {
  const list = error instanceof Problem ? error.faults : [];
  const placed = new Set();
  for (const field of FIELDS) {
    // A merge field that the text names is mended in the text.
    const words = list.filter(({ field: at = "" }) => at === field || (field === "text" && at.startsWith("fields")));
    words.forEach((one) => placed.add(one));
    byId(`note-${field}-error`, HTMLElement).textContent = words.map(faultWords).join(". ");
    attribute(byId(`note-${field}`, HTMLElement), "aria-invalid", words.length ? "true" : null);
  }
  if (error === null || (list.length > 0 && placed.size === list.length)) problemIn(dialog);
  else problemIn(dialog, error);
}

/** Who types a brace here mostly means the brace. @param {import("./api.js").Fault} fault */
function faultWords({ code, message }) {
  const brace = (code === "bad_field" || code === "missing_field") && !/write (\{\{|\}\})/.test(message);
  return brace ? `${sentence(message)} (for a brace itself write {{ or }})` : sentence(message);
}

/** @param {HTMLSelectElement} select @param {Iterable<{name: string, title: string}>} names */
export function options(select, names) {
  const was = select.value;
  select.replaceChildren(...Array.from(names, (one) => el("option", { value: one.name }, one.title ?? one.name)));
  if (was) select.value = was;
}

function chance() {
  return crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
}
