// @ts-check
/** The one line to the server's events, and whether it stands. */

const JOB = ["held", "ready", "claimed", "writing", "interrupted", "done", "quarantined", "failed", "cancelled"].map((s) => `job.${s}`);
const PLOTTER = ["offline", "idle", "writing", "held", "attention", "fault"].map((c) => `plotter.${c}`);
const SAID = ["loaded", "mode", "wish", "offer", "fed", "measured", "unmeasured", "pen", "check", "settled"].map((w) => `plotter.${w}`);
const BATCH = ["added", "started", "discarded"].map((w) => `batch.${w}`);
const KINDS = [...JOB, ...PLOTTER, ...SAID, ...BATCH, "progress"];
const RETRY_MS = 2000;
const QUIET_MS = 20000;

/**
 * Listen for ever. The browser resumes by itself with Last-Event-ID after a dropped line; when it gives up (an error
 * page from a proxy, say) a new line is opened that asks for what came after the last event seen. A line that stands
 * but carries nothing may be dead: then /health is asked.
 * @param {{event: (kind: string, data: any) => void, up: () => void, down: () => void}} on
 */
export function listen(on) {
  let last = "";
  let heard = performance.now();
  /** @type {EventSource | undefined} */
  let source;

  const open = () => {
    source?.close();
    source = new EventSource(last ? `/v1/events?after=${encodeURIComponent(last)}` : "/v1/events");
    const mine = source;
    mine.addEventListener("open", () => {
      heard = performance.now();
      on.up();
    });
    mine.addEventListener("error", () => {
      on.down();
      if (mine.readyState === EventSource.CLOSED) setTimeout(() => mine === source && open(), RETRY_MS);
    });
    for (const kind of KINDS) {
      mine.addEventListener(kind, (event) => {
        heard = performance.now();
        if (event.lastEventId) last = event.lastEventId;
        on.event(kind, JSON.parse(event.data));
      });
    }
  };

  const check = async () => {
    if (document.hidden || performance.now() - heard < QUIET_MS) return;
    try {
      const answer = await fetch("/health", { signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(String(answer.status));
      heard = performance.now();
    } catch {
      on.down();
      open();
    }
  };

  open();
  setInterval(check, QUIET_MS / 4);
}
