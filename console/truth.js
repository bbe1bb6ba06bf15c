// @ts-check
/** What the server says is so. Lists come from REST; events only say when to ask again, save for the strokes. */

import { get } from "./api.js";
import { complain } from "./notices.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./api.js").Plotter} Plotter */
/** @typedef {import("./api.js").Named} Named */
/** @typedef {{jobs: Record<string, number>, written: number, interrupted: number}} Figures */

const MOST = 100;
const CALM_MS = 500;

export class Truth extends EventTarget {
  /** @type {Plotter[]} */
  plotters = [];
  /** @type {Job[]} */
  interrupted = [];
  /** @type {Job[]} written, and their machine was found out of place afterwards */
  quarantined = [];
  /** @type {Job[]} */
  failed = [];
  /** @type {Job[]} the first cards that wait */
  waiting = [];
  /** @type {Figures | null} today's */
  figures = null;
  /** @type {Map<string, Named>} */
  stocks = new Map();
  /** @type {Map<string, Named>} */
  hands = new Map();
  /** @type {Named[]} */
  templates = [];

  /** @type {Map<string, Promise<{name: string, created_at: string}>>} */
  #batches = new Map();
  #soon = new Map();

  /** Everything, from the start or after a lost line. */
  async all() {
    // Papers and hands first: every panel and dialog names them.
    await this.#shelf();
    await Promise.all([this.plottersNow(), this.jobsNow()]);
  }

  async #shelf() {
    const [stocks, hands, templates] = await Promise.all([get("/v1/stocks"), get("/v1/hands"), get("/v1/templates")]);
    this.stocks = new Map(stocks.data.map((/** @type {Named} */ one) => [one.name, one]));
    this.hands = new Map(hands.data.map((/** @type {Named} */ one) => [one.name, one]));
    this.templates = templates.data;
    this.dispatchEvent(new Event("shelf"));
  }

  async plottersNow() {
    this.plotters = (await get("/v1/plotters")).data;
    this.dispatchEvent(new Event("plotters"));
  }

  async jobsNow() {
    const list = (/** @type {string} */ state) => get(`/v1/jobs?state=${state}&limit=${MOST}`);
    const minutes = Math.max(1, Math.ceil((Date.now() - new Date().setHours(0, 0, 0, 0)) / 60000));
    const [figures, interrupted, quarantined, failed, ready] = await Promise.all([
      get(`/v1/figures?minutes=${minutes}`),
      ...["interrupted", "quarantined", "failed", "ready"].map(list),
    ]);
    this.figures = figures;
    this.interrupted = interrupted.data;
    this.quarantined = quarantined.data;
    this.failed = failed.data;
    this.waiting = ready.data;
    this.dispatchEvent(new Event("jobs"));
  }

  /** Ask again shortly, however many events ask for it. @param {"plotters" | "jobs"} what */
  soon(what) {
    if (this.#soon.has(what)) return;
    const ask = async () => {
      this.#soon.delete(what);
      try {
        await (what === "plotters" ? this.plottersNow() : this.jobsNow());
      } catch (error) {
        complain(error, `Reading the ${what} again`);
      }
    };
    this.#soon.set(what, setTimeout(ask, what === "plotters" ? CALM_MS / 5 : CALM_MS));
  }

  /** @param {string | null} name */
  stockTitle(name) {
    return name === null ? "" : (this.stocks.get(name)?.title ?? name);
  }

  /** @param {string} name */
  handTitle(name) {
    return this.hands.get(name)?.title ?? name;
  }

  /** @param {string | null} id */
  plotterName(id) {
    return this.plotters.find((plotter) => plotter.id === id)?.name ?? id?.replace(/^plt_/, "") ?? "";
  }

  /** An upload by its id; what is asked for of it never changes. @param {string} id */
  async batch(id) {
    const known = this.#batches.get(id);
    if (known) return known;
    const asked = get(`/v1/batches/${encodeURIComponent(id)}`);
    this.#batches.set(id, asked);
    asked.catch(() => this.#batches.delete(id));
    return asked;
  }

  /** Cards that wait for a stock. @param {string} stock */
  waitingFor(stock) {
    return this.waiting.filter((job) => job.stock === stock).length;
  }
}
