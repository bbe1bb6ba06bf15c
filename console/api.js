// @ts-check
/** Talking to the job server: JSON in, JSON or a Problem out. */

/** @typedef {{stroke: number, strokes: number}} Progress */
/**
 * @typedef {object} Job
 * @property {string} id
 * @property {string} state
 * @property {string} text
 * @property {string} hand
 * @property {string} stock
 * @property {string | null} plotter
 * @property {string | null} external_id
 * @property {string | null} batch
 * @property {boolean} hold
 * @property {Progress} progress
 * @property {string | null} waiting_for
 * @property {string | null} reason
 * @property {number} attempts
 * @property {{card: "whole" | "blank" | "resumable" | "look" | "spoiled", fault: string | null, words: string, resumable: boolean} | null} verdict
 * @property {string} created_at
 * @property {string} updated_at
 */
/**
 * @typedef {object} Slot
 * @property {string} name
 * @property {string} lies
 * @property {number} blanks
 * @property {string | null} stock
 * @property {string | null} feed
 * @property {number} x_mm
 * @property {number} y_mm
 * @property {number} rotation_deg
 * @property {string | null} measured_at
 */
/**
 * @typedef {object} Plotter
 * @property {string} id
 * @property {string} name
 * @property {string} mode
 * @property {string} condition
 * @property {string | null} reason
 * @property {number} blanks
 * @property {number} capacity
 * @property {string | null} loaded_stock
 * @property {{width_mm: number, height_mm: number}} bed
 * @property {Slot[]} slots
 * @property {string | null} slot
 * @property {string | null} job
 * @property {Progress | null} progress
 * @property {string | null} wanted
 * @property {[number, number] | null} position
 * @property {number | null} left_s
 * @property {boolean} held
 * @property {boolean} simulated
 */
/** @typedef {{name: string, title: string, width_mm?: number, height_mm?: number, knobs?: Record<string, number>}} Named */
/** @typedef {{data: Job[], has_more: boolean, next: string | null}} Page */
/** @typedef {{field?: string, code: string, message: string}} Fault */

/** The server said no, in its own words (RFC 9457), or could not be reached (status 0). */
export class Problem extends Error {
  /** @param {number} status @param {string} message @param {Fault[]} faults */
  constructor(status, message, faults = []) {
    super(message);
    this.status = status;
    this.faults = faults;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 */
async function call(path, init = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "The server cannot be reached. Nothing was changed; try again when the connection is back.");
  }
  if (response.ok) return response;
  let body;
  try {
    body = await response.json();
  } catch {
    throw new Problem(response.status, `The server answered ${response.status} ${response.statusText}.`);
  }
  const words = body.detail || body.title || `The server answered ${response.status}.`;
  throw new Problem(response.status, words, Array.isArray(body.errors) ? body.errors : []);
}

/** @param {string} path @param {AbortSignal} [signal] @returns {Promise<any>} */
export async function get(path, signal) {
  return (await call(path, { signal })).json();
}

/** @param {string} path @returns {Promise<string>} */
export async function getText(path) {
  return (await call(path)).text();
}

/**
 * @param {string} path
 * @param {object} [body]
 * @param {{key?: string, signal?: AbortSignal}} [how] key: the Idempotency-Key
 * @returns {Promise<any>}
 */
export async function post(path, body, { key, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  return (await call(path, { method: "POST", headers, body: body && JSON.stringify(body), signal })).json();
}

/** @param {string} path @param {FormData} form @param {string} key @returns {Promise<any>} */
export async function upload(path, form, key) {
  return (await call(path, { method: "POST", body: form, headers: { "Idempotency-Key": key } })).json();
}

/** A fresh Idempotency-Key. crypto.randomUUID is not there on plain http over the shop's network. */
export function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** @param {string} job @param {string} [what] */
export function jobPath(job, what) {
  return `/v1/jobs/${encodeURIComponent(job)}${what ? `/${what}` : ""}`;
}

/** @param {string} plotter @param {string} [what] */
export function plotterPath(plotter, what) {
  return `/v1/plotters/${encodeURIComponent(plotter)}${what ? `/${what}` : ""}`;
}
