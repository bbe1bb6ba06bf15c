// @ts-check
/** A card as strokes: read from the server's SVG number by number, drawn as our own elements, growing under a pen. */

import { svg } from "./dom.js";

/** @typedef {{stroke: number, d: string}} Path */
/** @typedef {{width: number, height: number, paths: Path[], folds: string[]}} Drawing */

const NUMBERS = /^[MmLlHhVvCcSsQqTtAaZz0-9eE.,+\-\s]+$/;

/**
 * The strokes of an SVG the server drew. Only path data made of numbers is taken; nothing else of the document
 * reaches the page.
 * @param {string} text
 * @returns {Drawing}
 */
export function read(text) {
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const box = (root.getAttribute("viewBox") ?? "").trim().split(/[\s,]+/).map(Number);
  if (root.localName !== "svg" || box.length !== 4 || !box.every(Number.isFinite)) {
    throw new Error("The preview is not a drawing with a viewBox.");
  }
  const paths = [];
  for (const path of root.querySelectorAll("path[data-stroke]")) {
    const d = path.getAttribute("d") ?? "";
    if (NUMBERS.test(d)) paths.push({ stroke: Number(path.getAttribute("data-stroke")), d });
  }
  const folds = [];
  for (const path of root.querySelectorAll("path.fold")) {
    const d = path.getAttribute("d") ?? "";
    if (NUMBERS.test(d)) folds.push(d);
  }
  return { width: box[2], height: box[3], paths, folds };
}

/** A drawing on the page. `element` goes into the document; nothing is written until `write` says so. */
export class Card {
  /** @param {Drawing} drawing @param {string} label what the picture shows, for those who hear it */
  constructor(drawing, label) {
    this.height = drawing.height;
    this.written = 0;
    this.lines = drawing.paths.map(({ d, stroke }) => svg("path", { d, "data-stroke": stroke, class: "stroke" }));
    this.order = drawing.paths.map(({ stroke }) => stroke);
    this.nib = svg(
      "g",
      { class: "nib", hidden: true },
      svg("circle", { class: "nib-halo", r: 3 }),
      svg("path", { d: "M0 0L2.2 -5.4L4.6 -3.9Z", class: "nib-tip" }),
      svg("path", { d: "M2.2 -5.4L8.4 -15L11.6 -13L4.6 -3.9Z", class: "nib-body" }),
    );
    this.element = svg(
      "svg",
      { viewBox: `-1 -1 ${drawing.width + 2} ${drawing.height + 2}`, role: "img", "aria-label": label, class: "card" },
      svg("rect", { width: drawing.width, height: drawing.height, class: "paper" }),
      ...drawing.folds.map((d) => svg("path", { d, class: "fold" })),
      svg("g", { class: "ink" }, ...this.lines),
      this.nib,
    );
  }

  /** Strokes below `k` are on the paper. @param {number} k */
  write(k) {
    if (k === this.written) return;
    this.lines.forEach((line, i) => line.classList.toggle("written", this.order[i] < k));
    this.written = k;
  }

  /** Ink that was seen on the paper lies over the strokes that were meant. @param {Drawing} drawing */
  ink(drawing) {
    this.nib.before(svg("g", { class: "ink" }, ...drawing.paths.map(({ d }) => svg("path", { d, class: "stroke written" }))));
  }

  writeAll() {
    this.write(Infinity);
  }

  /** The pen stands at x, y: card frame in mm, y up. @param {number} x @param {number} y */
  pen(x, y) {
    this.nib.removeAttribute("hidden");
    this.nib.style.transform = `translate(${x}px, ${this.height - y}px)`;
  }

  penAway() {
    this.nib.setAttribute("hidden", "");
  }
}
