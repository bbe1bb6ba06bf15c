// @ts-check
/** The states of jobs and plotters in the words of the shop floor. Pure functions. */

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./api.js").Plotter} Plotter */
/** @typedef {"work" | "calm" | "hold" | "alarm" | "off"} Tone */

/** @type {Record<string, string>} */
const JOB_STATES = {
  held: "On hold",
  ready: "Waiting",
  claimed: "Taken by a plotter",
  writing: "Being written",
  interrupted: "Interrupted",
  done: "Written",
  quarantined: "Set aside",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** @param {string} state */
export function jobState(state) {
  return JOB_STATES[state] ?? state;
}

/** What a person calls this job: the shop's own number, else its first words. @param {Job} job */
export function jobTitle(job) {
  return job.external_id || `“${excerpt(job.text, 28)}”`;
}

/** The text on one line, cut at a word. @param {string} text @param {number} most */
export function excerpt(text, most) {
  const line = (text ?? "").replace(/\s+/g, " ").trim();
  if (line.length <= most) return line;
  const cut = line.slice(0, most);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), most / 2))} …`;
}

/** Why the job stands where it stands. @param {Job} job */
export function jobWhy(job) {
  if (job.state === "writing" || job.state === "interrupted") return strokes(job.progress);
  if (job.state === "failed" || job.state === "cancelled") return sentence(job.reason);
  return sentence(job.waiting_for);
}

/** Words of the server as a sentence begins. @param {string | null | undefined} words */
export function sentence(words) {
  return words ? words.charAt(0).toUpperCase() + words.slice(1) : "";
}

/** What a broken card is worth, in words for the person at the machine. @param {Job} job */
export function worth(job) {
  const words = {
    whole: "All of it is on the card.",
    blank: "Nothing is on this card: it can be used again.",
    resumable: "This card can be gone on with, if nobody has touched it.",
    look: "Look at it first.",
    spoiled: "This card is spoiled: lay a fresh one.",
  };
  const verdict = job.verdict;
  if (!verdict) return "";
  if (verdict.card === "look" && verdict.resumable) return "Look at it first; then it may be gone on with.";
  return words[verdict.card];
}

/** @param {{stroke: number, strokes: number}} progress */
export function strokes(progress) {
  return `${number(progress.stroke)} of ${number(progress.strokes)} strokes`;
}

/**
 * A plotter's state: one short word group to read from a metre away, and the why below it.
 * @param {Plotter} plotter
 * @returns {{word: string, why: string, tone: Tone}}
 */
export function plotterState(plotter) {
  const why = sentence(plotter.reason);
  const paused = plotter.mode !== "active";
  if (plotter.condition === "offline") return { word: "Not connected", why, tone: "off" };
  if (plotter.condition === "fault") return { word: "Fault", why, tone: "alarm" };
  if (plotter.condition === "attention" && plotter.slots.some((slot) => slot.feed === "asked")) {
    return { word: "Has a card come?", why: "Look at the feeder and say whether a fresh card lies in place.", tone: "hold" };
  }
  if (plotter.condition === "attention" && plotter.job === null) return { word: "Needs care", why, tone: "alarm" };
  if (plotter.condition === "attention") {
    // The number of the card stands elsewhere, and in words.
    const bare = (plotter.reason ?? "").replace(/^look at the card of \S+(?: in slot \S+)? and decide: /i, "");
    return { word: "Waits for your decision", why: sentence(bare) || "The card on the bed was interrupted.", tone: "alarm" };
  }
  if (plotter.condition === "held" || plotter.held) {
    if (plotter.wanted === "stop") return { word: "Stopping", why: "", tone: "hold" };
    if (plotter.wanted === "lift") return { word: "Pen lifted", why: "Go on sets it down in the same place.", tone: "hold" };
    return { word: "Holding", why: "Pen up, card unharmed. Go on writes the next stroke.", tone: "hold" };
  }
  if (plotter.condition === "writing") {
    if (plotter.wanted === "stop") return { word: "Stopping", why: "", tone: "hold" };
    if (plotter.wanted === "lift") return { word: "Lifting the pen", why: "", tone: "hold" };
    if (plotter.wanted === "hold") return { word: "Writing", why: "Holds as soon as the pen lifts.", tone: "work" };
    return { word: "Writing", why: paused ? "Takes no new card after this one." : "", tone: "work" };
  }
  if (paused) return { word: "Paused", why: "Takes no new cards until you activate it.", tone: "off" };
  if (plotter.blanks < 1) return { word: "No blanks", why: "Load blank cards, then it goes on by itself.", tone: "hold" };
  if (why) return { word: "In hand", why: `${why}: it takes no card meanwhile.`, tone: "hold" };
  return { word: "Ready", why: "Begins as soon as a card for it waits.", tone: "calm" };
}

/** A card is under the pen, so one of the blanks is taken. @param {Plotter} plotter */
export function underPen(plotter) {
  return plotter.job !== null && (plotter.condition === "writing" || plotter.condition === "held");
}

/** What is left to write on. @param {Plotter} plotter @param {string} stock its title */
export function blanksLeft(plotter, stock) {
  if (plotter.blanks > 0) return `${count(plotter.blanks, "blank", "blanks")}${stock && ` of ${stock}`} left`;
  return underPen(plotter) ? "The last blank is under the pen" : "No blanks loaded";
}

/** A moment as a person says it: the time, and the day when it is not today. @param {string} iso */
export function moment(iso) {
  const at = new Date(iso);
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === new Date().toDateString()) return time;
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}

/** @param {number} n */
export function number(n) {
  return n.toLocaleString("en-GB");
}

/** @param {number} n @param {string} one @param {string} many */
export function count(n, one, many) {
  return `${number(n)} ${n === 1 ? one : many}`;
}

/** How long the card under the pen still takes, as “2:10 left”. @param {number | null} seconds */
export function timeLeft(seconds) {
  if (seconds === null) return "";
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} left`;
}

/** Seconds as a person says them. @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
