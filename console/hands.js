// @ts-check
/** Moving a plotter by hand: one person has the controls; a held arrow is a dead man's handle. */

import { get, plotterPath, post, Problem } from "./api.js";
import { byId, say } from "./dom.js";
import { busy, closable, problemIn } from "./notices.js";
import { moment } from "./words.js";

/** @typedef {import("./api.js").Plotter} Plotter */

const BEAT_MS = 100;
const KEEP_MS = 5000;
const REMEMBER = "fairhand.my-name";
/** @type {Record<string, [number, number]>} */
const WAYS = { up: [0, 1], down: [0, -1], left: [-1, 0], right: [1, 0] };
/** @type {Record<string, string>} */
const KEYS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };

/** @type {Plotter | null} */
let plotter = null;
let token = "";
/** @type {ReturnType<typeof setInterval> | undefined} */
let beating;
/** @type {ReturnType<typeof setInterval> | undefined} */
let keeping;
let sending = false;

export function mountHands() {
  const dialog = byId("hands", HTMLDialogElement);
  closable(dialog);
  dialog.addEventListener("close", leave);
  const name = byId("hands-name", HTMLInputElement);
  name.value = localStorage.getItem(REMEMBER) ?? "";
  name.addEventListener("change", () => localStorage.setItem(REMEMBER, name.value));
  byId("hands-take", HTMLButtonElement).addEventListener("click", (event) => void take(/** @type {HTMLElement} */ (event.currentTarget)));
  for (const [way, push] of Object.entries(WAYS)) {
    const button = byId(`hands-${way}`, HTMLButtonElement);
    button.addEventListener("pointerdown", (event) => {
      button.setPointerCapture(event.pointerId);
      begin(push);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) button.addEventListener(end, stop);
    // Enter and Space on a focused arrow step as a press does; a held one repeats.
    button.addEventListener("keydown", (event) => {
      if ((event.key === "Enter" || event.key === " ") && !event.repeat) begin(push);
    });
    button.addEventListener("keyup", stop);
  }
  dialog.addEventListener("keydown", (event) => {
    const way = KEYS[event.key];
    if (!way || event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    event.preventDefault();
    if (!event.repeat) begin(WAYS[way]);
  });
  dialog.addEventListener("keyup", stop);
  window.addEventListener("blur", stop);
  document.addEventListener("visibilitychange", stop);
  window.addEventListener("pagehide", leave);
  /** @type {[string, string, object][]} */
  const asks = [
    ["hands-pen-up", "nib", { down: false }],
    ["hands-pen-down", "nib", { down: true }],
    ["hands-home", "home", {}],
    ["hands-corner", "go", { x_mm: 0, y_mm: 0 }],
    ["hands-origin", "origin", {}],
  ];
  for (const [id, verb, body] of asks) {
    const button = byId(id, HTMLButtonElement);
    button.addEventListener("click", () => void busy(button, () => ask(verb, body)));
  }
}

/** @param {Plotter} one */
export function openHands(one) {
  plotter = one;
  const dialog = byId("hands", HTMLDialogElement);
  byId("hands-title", HTMLElement).textContent = `Move ${one.name} by hand`;
  had("");
  problemIn(dialog);
  dialog.showModal();
  void holder(one);
}

/** Say who has the controls. @param {Plotter} one */
async function holder(one) {
  await told(async () => {
    const found = await get(plotterPath(one.id, "control"));
    if (plotter !== one || token) return;
    say(byId("hands-place", HTMLElement), found.by ? `${found.by} has the controls since ${moment(found.since)}.` : "Nobody has the controls.");
    offerOver(found.by !== null);
  });
}

/** Take the controls, or take them over. @param {HTMLElement} button */
async function take(button) {
  const over = button.dataset.over === "yes";
  await busy(button, () =>
    told(async () => {
      if (!plotter) return;
      try {
        const by = byId("hands-name", HTMLInputElement).value.trim() || "somebody";
        const got = await post(plotterPath(plotter.id, "control"), { by, take_over: over });
        had(got.token);
        say(byId("hands-place", HTMLElement), "You have the controls.");
      } catch (error) {
        if (error instanceof Problem && error.status === 409) offerOver(true);
        throw error;
      }
    }),
  );
}

/** @param {boolean} over */
function offerOver(over) {
  const button = byId("hands-take", HTMLButtonElement);
  button.dataset.over = over ? "yes" : "no";
  say(button, over ? "Take over" : "Take the controls");
}

/** The controls are mine by this token, or nobody's. @param {string} mine */
function had(mine) {
  token = mine;
  clearInterval(keeping);
  keeping = mine ? setInterval(() => void told(() => send("control/keep", {})), KEEP_MS) : undefined;
  offerOver(false);
  byId("hands-take", HTMLButtonElement).hidden = mine !== "";
  byId("hands-pad", HTMLFieldSetElement).disabled = mine === "";
}

/** @param {[number, number]} push */
function begin(push) {
  if (!token) return;
  stop();
  const step = byId("hands-step", HTMLSelectElement).value;
  if (step !== "hold") {
    const mm = Number(step);
    void ask("step", { dx_mm: push[0] * mm, dy_mm: push[1] * mm });
    return;
  }
  const speed_mm_s = Number(byId("hands-speed", HTMLSelectElement).value);
  const beat = async () => {
    if (sending) return;
    sending = true;
    const sent = await told(() => send("jog", { x: push[0], y: push[1], speed_mm_s }));
    sending = false;
    if (!sent) stop();
  };
  beating = setInterval(() => void beat(), BEAT_MS);
  void beat();
}

function stop() {
  if (beating === undefined) return;
  clearInterval(beating);
  beating = undefined;
  void told(() => send("jog", { x: 0, y: 0 }));
}

function leave() {
  stop();
  if (token) void told(() => send("control/release", {}));
  had("");
}

/** @param {string} verb @param {object} body */
async function ask(verb, body) {
  await told(async () => {
    const found = await send(verb, body);
    if (found && "x_mm" in found) say(byId("hands-place", HTMLElement), `The pen stands at ${found.x_mm.toFixed(1)}, ${found.y_mm.toFixed(1)} mm.`);
  });
}

/** @param {string} verb @param {object} body */
function send(verb, body) {
  if (!plotter || !token) throw new Error("Take the controls first.");
  return post(plotterPath(plotter.id, verb), { token, ...body });
}

/** Do it; a refusal is told in the dialog. Whether it was done. @param {() => Promise<any>} work */
async function told(work) {
  const dialog = byId("hands", HTMLDialogElement);
  try {
    await work();
    problemIn(dialog);
    return true;
  } catch (error) {
    problemIn(dialog, error);
    if (error instanceof Problem && /not yours|has the controls/.test(error.message)) {
      const over = byId("hands-take", HTMLButtonElement).dataset.over;
      had("");
      offerOver(over === "yes" || /has the controls/.test(error.message));
    }
    return false;
  }
}
