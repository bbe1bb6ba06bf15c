// @ts-check
/** The plotters, one panel each, with the card growing under the pen. */

import { get, getText, jobPath, plotterPath, post } from "./api.js";
import { showBed } from "./bed.js";
import { Card, read } from "./card.js";
import { openCare } from "./care.js";
import { openHands } from "./hands.js";
import { attribute, byId, el, keep, say } from "./dom.js";
import { announce, busy, complain, tell } from "./notices.js";
import { openDecide } from "./job-dialogs.js";
import { followStop, openBlanks, openStop } from "./plotter-dialogs.js";
import { blanksLeft, excerpt, jobTitle, number, plotterState, timeLeft, underPen } from "./words.js";

/** @typedef {import("./api.js").Plotter} Plotter */
/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./truth.js").Truth} Truth */
/** What a panel's buttons do. @typedef {"blanks" | "hold" | "lift" | "stop" | "pause" | "care" | "move"} Deed */
/** @typedef {{plotter: string, job: string, stroke: number, strokes: number, x: number | null, y: number | null, left_s: number | null}} Stride */

/** @type {Map<string, Panel>} */
const panels = new Map();
/** The panel that single keys act on. */
let chosen = "";

/** Draw the plotters and keep them in step with the truth. @param {Truth} truth */
export function mountPlotters(truth) {
  const list = byId("plotters", HTMLElement);
  const draw = () => {
    byId("plotters-none", HTMLElement).hidden = truth.plotters.length > 0;
    keep(
      list,
      truth.plotters,
      (plotter) => plotter.id,
      (plotter) => {
        const panel = new Panel(truth, plotter);
        panels.set(plotter.id, panel);
        return panel.element;
      },
      (_, plotter) => /** @type {Panel} */ (panels.get(plotter.id)).update(plotter),
    );
    truth.plotters.forEach((plotter, i) => panels.get(plotter.id)?.numbered(i + 1));
  };
  truth.addEventListener("plotters", draw);
  truth.addEventListener("shelf", draw);
  truth.addEventListener("jobs", draw);
}

/** The pen went on. @param {Stride} stride */
export function stride(stride) {
  panels.get(stride.plotter)?.stride(stride);
}

/** A pen came to the end of this job's card. @param {string} job */
export function cardWritten(job) {
  for (const panel of panels.values()) panel.written(job);
}

/** Choose the n-th plotter, counted from one, for single keys. @param {number} n */
export function choosePlotter(n) {
  const panel = Array.from(panels.values()).find((one) => one.place === n);
  panel?.title.focus();
}

/** Press a button of the chosen plotter, or of the first. @param {Deed} what */
export function pressPlotter(what) {
  const panel = panels.get(chosen) ?? panels.values().next().value;
  panel?.press(what);
}

class Panel {
  /** @type {Card | null} */
  #card = null;
  /** @type {string | null} the job whose card is shown */
  #job = null;
  #asked = "";
  #stroke = 0;

  /** @param {Truth} truth @param {Plotter} plotter */
  constructor(truth, plotter) {
    this.truth = truth;
    this.plotter = plotter;
    this.place = 0;
    const id = `panel-${plotter.id}`;
    this.mark = el("span", { class: "mark", "aria-hidden": "true" });
    this.badge = el("span", { class: "badge", "aria-hidden": "true" });
    this.title = el("h3", { id, tabindex: "-1" }, this.badge, el("span", {}, plotter.name));
    this.word = el("span", {});
    this.state = el("p", { class: "state" }, this.mark, this.word);
    this.why = el("p", { class: "why" });
    this.bed = el("div", { class: "bed" });
    this.map = el("div", { class: "bed-picture" });
    this.caption = el("p", { class: "caption" });
    this.bar = el("progress", { max: 1, value: 0, "aria-label": `Strokes written on ${plotter.name}` });
    this.strokes = el("span", { class: "strokes" });
    this.left = el("span", { class: "left" });
    this.blanks = el("p", { class: "blanks" });
    const button = (/** @type {Deed} */ what) =>
      el("button", { type: "button", "data-do": what, "aria-describedby": id, click: () => this.press(what) });
    this.buttons = { blanks: button("blanks"), hold: button("hold"), lift: button("lift"), stop: button("stop"), pause: button("pause"), care: button("care"), move: button("move") };
    this.element = el(
      "li",
      { class: "panel", "aria-labelledby": id, "data-plotter": plotter.name },
      el("div", { class: "panel-head" }, this.title, plotter.simulated ? el("span", { class: "quiet" }, "simulated") : null),
      el("div", { class: "panel-state" }, this.state, this.why),
      this.bed,
      this.map,
      el("div", { class: "panel-progress" }, this.bar, this.strokes, this.left),
      this.caption,
      this.blanks,
      el("div", { class: "panel-buttons" }, ...Object.values(this.buttons)),
    );
    this.element.addEventListener("focusin", () => {
      chosen = this.plotter.id;
    });
    this.element.addEventListener("pointerdown", () => {
      chosen = this.plotter.id;
    });
  }

  /** @param {number} place */
  numbered(place) {
    this.place = place;
    say(this.badge, String(place));
  }

  /** @param {Plotter} plotter */
  update(plotter) {
    const was = this.plotter;
    this.plotter = plotter;
    if (plotter.job !== null && plotter.job !== this.#job) void this.#lay(plotter.job);
    else if (plotter.job === null && was.condition === "attention" && plotter.condition !== "attention") this.#clear();
    if (plotter.job === this.#job && plotter.progress) this.#wrote(plotter.progress.stroke, plotter.progress.strokes);
    this.#lasts(plotter.left_s);
    if (plotter.job === null && this.#job === null) this.#blank();
    if (!underPen(plotter)) this.#card?.penAway();
    this.#words(was.condition === plotter.condition ? "" : plotter.condition);
  }

  /** @param {Stride} stride */
  stride(stride) {
    if (stride.job !== this.#job) return this.truth.soon("plotters");
    this.#wrote(stride.stroke, stride.strokes);
    this.#lasts(stride.left_s);
    if (this.#card && underPen(this.plotter) && stride.x !== null && stride.y !== null) this.#card.pen(stride.x, stride.y);
  }

  /** @param {string} job */
  written(job) {
    if (job !== this.#job) return;
    this.#wrote(this.bar.max, this.bar.max);
    this.#lasts(null);
    this.#card?.writeAll();
    this.#card?.penAway();
    say(this.caption, this.caption.textContent?.replace(/^Under the pen: /, "Just written: ") ?? "");
  }

  /** @param {Deed} what */
  press(what) {
    const button = this.buttons[what];
    const plotter = this.plotter;
    if (button.getAttribute("aria-disabled") === "true") {
      tell(button.title);
      return;
    }
    const undecided = this.#undecided();
    if (what === "blanks" && undecided) void openDecide(this.truth, undecided);
    else if (what === "blanks") openBlanks(this.truth, plotter);
    else if (what === "stop") openStop(this.truth, plotter, this.#stroke);
    else if (what === "lift") void this.#ask(button, "lift");
    else if (what === "care") openCare(plotter);
    else if (what === "move") openHands(plotter);
    else if (what === "pause") void this.#ask(button, plotter.mode === "active" ? "pause" : "activate");
    else if (this.#holding()) void this.#ask(button, "resume");
    else void this.#ask(button, "hold");
  }

  /** The interrupted card that lies on the bed. */
  #undecided() {
    return this.truth.interrupted.find((job) => job.id === this.plotter.job);
  }

  #lifted() {
    return this.plotter.wanted === "lift" || (this.plotter.held && this.plotter.wanted !== "go_on");
  }

  #holding() {
    return this.plotter.wanted === "hold" || this.#lifted();
  }

  /** @param {HTMLElement} button @param {string} verb */
  async #ask(button, verb) {
    await busy(button, async () => {
      this.update(await post(plotterPath(this.plotter.id, verb)));
    }, (error) => complain(error, `${this.plotter.name}, ${verb}`));
  }

  /** Lay this job's card under the pen. @param {string} id */
  async #lay(id) {
    if (this.#asked === id) return;
    this.#asked = id;
    try {
      const [job, drawing] = await Promise.all([get(jobPath(id)), getText(jobPath(id, "preview.svg")).then(read)]);
      if (this.#asked !== id) return;
      this.#job = id;
      this.#stroke = -1;
      this.#card = new Card(drawing, `Card ${jobTitle(job)} under the pen of ${this.plotter.name}: ${excerpt(job.text, 120)}`);
      this.bed.replaceChildren(this.#card.element);
      const where = this.plotter.slots.length > 1 && this.plotter.slot ? `, slot ${this.plotter.slot}` : "";
      say(this.caption, `Under the pen: ${jobTitle(job)}${where}, ${this.truth.handTitle(job.hand)} on ${this.truth.stockTitle(job.stock)}`);
      const { progress, position } = this.plotter;
      if (this.plotter.job === id && progress) this.#wrote(progress.stroke, progress.strokes);
      if (this.plotter.job === id && position && underPen(this.plotter)) this.#card.pen(position[0], position[1]);
      if (job.state === "done") this.written(id);
    } catch (error) {
      complain(error, `Drawing the card on ${this.plotter.name}`);
    } finally {
      if (this.#job !== id && this.#asked === id) this.#asked = "";
    }
  }

  /** @param {number} stroke @param {number} of */
  #wrote(stroke, of) {
    if (stroke < this.#stroke || !of) return;
    this.#stroke = stroke;
    this.#card?.write(stroke);
    this.bar.max = of;
    this.bar.value = stroke;
    say(this.strokes, `${number(stroke)} of ${number(of)} strokes`);
    followStop(this.plotter, stroke, of);
  }

  /** @param {number | null} seconds */
  #lasts(seconds) {
    say(this.left, timeLeft(seconds));
  }

  /** The bed is bare, or a confirmed blank lies on it. */
  #blank() {
    const stock = this.plotter.blanks > 0 ? this.truth.stocks.get(this.plotter.loaded_stock ?? "") : undefined;
    const label = stock ? `A blank ${stock.title}` : "";
    if (this.bed.dataset.blank === label && this.bed.childElementCount) return;
    this.bed.dataset.blank = label;
    if (stock?.width_mm && stock.height_mm) {
      this.bed.replaceChildren(new Card({ width: stock.width_mm, height: stock.height_mm, paths: [], folds: [] }, label).element);
    } else this.bed.replaceChildren(el("p", { class: "bare" }, "No card under the pen"));
  }

  #clear() {
    this.#card = null;
    this.#job = null;
    this.#asked = "";
    this.#stroke = 0;
    delete this.bed.dataset.blank;
    this.bar.value = 0;
    say(this.strokes, "");
    say(this.caption, "");
    this.#blank();
  }

  /** @param {string} changed the condition when it is new and worth saying aloud */
  #words(changed) {
    const plotter = this.plotter;
    const { word, why, tone } = plotterState(plotter);
    say(this.word, word);
    say(this.why, why);
    attribute(this.element, "data-tone", tone);
    showBed(this.map, plotter, this.truth);
    attribute(this.bed, "data-live", plotter.condition === "writing" ? "yes" : null);
    const running = underPen(plotter);
    say(this.blanks, blanksLeft(plotter, this.truth.stockTitle(plotter.loaded_stock)));
    attribute(this.blanks, "data-none", plotter.blanks > 0 || running ? null : "yes");
    say(this.buttons.blanks, this.#undecided() ? "Look and decide" : "Load blanks");
    say(this.buttons.hold, this.#holding() ? "Go on" : "Hold at next lift");
    say(this.buttons.lift, "Lift pen now");
    say(this.buttons.stop, "Stop …");
    say(this.buttons.care, "Care");
    say(this.buttons.move, "Move by hand");
    say(this.buttons.pause, plotter.mode === "active" ? "Pause" : "Activate");
    const idle = running ? null : `${plotter.name} is writing nothing.`;
    bar(this.buttons.hold, idle);
    bar(this.buttons.lift, idle ?? (this.#lifted() ? "The pen is up." : null));
    bar(this.buttons.stop, idle);
    bar(this.buttons.move, running ? `${plotter.name} is writing.` : null);
    bar(this.buttons.blanks, running && plotter.capacity < 2 ? `${plotter.name} holds one card, and that is still being written.` : null);
    const wanted = (plotter.blanks < 1 && plotter.condition === "idle") || this.#undecided() !== undefined;
    this.buttons.blanks.classList.toggle("first", wanted);
    this.buttons.hold.classList.toggle("first", this.#holding());
    if (changed === "held" || changed === "attention" || changed === "fault" || changed === "offline") {
      announce(`${plotter.name}: ${word}. ${why}`);
    }
  }
}

/** A button that can do nothing now keeps its place and says why. @param {HTMLElement} button @param {string | null} why */
function bar(button, why) {
  attribute(button, "aria-disabled", why === null ? null : "true");
  attribute(button, "title", why);
}
