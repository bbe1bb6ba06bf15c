// @ts-check
/** The console put together: one truth, one line of events, the rooms of the page. */

import { mountBatch } from "./batch.js";
import { mountBed } from "./bed.js";
import { mountCare } from "./care.js";
import { byId, say } from "./dom.js";
import { mountHands } from "./hands.js";
import { mountJobDialogs } from "./job-dialogs.js";
import { mountKeys } from "./keys.js";
import { mountNeeds } from "./needs.js";
import { mountNote } from "./note.js";
import { announce, complain } from "./notices.js";
import { cardWritten, mountPlotters, stride } from "./plotters.js";
import { mountPlotterDialogs } from "./plotter-dialogs.js";
import { mountQueue } from "./queue.js";
import { listen } from "./stream.js";
import { Truth } from "./truth.js";
import { number } from "./words.js";

const SETTLE_MS = 1500;

const truth = new Truth();
mountNeeds(truth);
mountPlotters(truth);
mountQueue(truth);
mountPlotterDialogs();
mountBed();
mountCare(truth);
mountJobDialogs();
mountHands();
const open = { note: mountNote(truth), batch: mountBatch(truth) };
byId("open-note", HTMLButtonElement).addEventListener("click", open.note);
byId("open-batch", HTMLButtonElement).addEventListener("click", open.batch);
mountKeys(open);

truth.addEventListener("jobs", () => {
  if (truth.figures === null) return;
  say(byId("figure-written", HTMLElement), number(truth.figures.written));
  say(byId("figure-interrupted", HTMLElement), number(truth.figures.interrupted));
  say(byId("figure-waiting", HTMLElement), number(truth.figures.jobs.ready));
});

const lost = byId("lost", HTMLElement);
listen({
  up: () => {
    if (!lost.hidden) announce("Connected again.");
    lost.hidden = true;
    truth.all().catch((error) => complain(error, "Reading the shop's state"));
    // Headers come before the server has marked where "new" begins: what happened in between is read once more.
    setTimeout(() => {
      truth.soon("plotters");
      truth.soon("jobs");
    }, SETTLE_MS);
  },
  down: () => {
    if (!lost.hidden) return;
    const since = new Date().toLocaleTimeString("en-GB");
    lost.textContent = `Connection lost since ${since}. If the server still runs, the plotters go on; what you see here may be old. Trying again …`;
    lost.hidden = false;
  },
  event: (kind, data) => {
    if (kind === "progress") return stride(data);
    const [noun, state] = kind.split(".");
    truth.soon("plotters");
    // What a plotter stands ready for is part of what its card is worth.
    if (noun === "plotter" && state !== "offer") return;
    truth.soon("jobs");
    if (state === "done" && !data.decision) cardWritten(data.job);
    if (state === "interrupted" || state === "failed") announce(`A card ${state === "failed" ? "could not be written" : "was interrupted"}. It needs a person.`);
  },
});
