import type { Stretch } from '../payload.ts';

/** What all lanes and charts of one page show together. */
export interface ViewState {
  readonly range: Stretch;
  /** The bucket under the cursor, by its begin. */
  readonly cursorMs: number | null;
  /** A stretch that evidence points to. */
  readonly mark: Stretch | null;
  /** Index of the arrival series that is shown. */
  readonly group: number;
}

export interface View {
  readonly full: Stretch;
  readonly bucketMs: number;
  state(): ViewState;
  set(change: Partial<ViewState>): void;
  /** Puts the cursor on the bucket of a moment and pans so that it is seen. */
  step(toMs: number): void;
  zoom(factor: number): void;
  onChange(listener: (state: ViewState, before: ViewState) => void): void;
}

/** Nobody needs to see less than two buckets. */
const LEAST_BUCKETS = 2;

export function createView(full: Stretch, bucketMs: number, initial: Partial<ViewState>): View {
  let state: ViewState = { range: full, cursorMs: null, mark: null, group: 0 };
  const listeners: ((state: ViewState, before: ViewState) => void)[] = [];
  const snap = (ms: number): number => {
    const last = full.fromMs + (Math.ceil((full.toMs - full.fromMs) / bucketMs) - 1) * bucketMs;
    return Math.min(last, Math.max(full.fromMs, full.fromMs + Math.floor((ms - full.fromMs) / bucketMs + 1e-9) * bucketMs));
  };
  const within = (range: Stretch): Stretch => {
    const length = Math.min(full.toMs - full.fromMs, Math.max(range.toMs - range.fromMs, LEAST_BUCKETS * bucketMs));
    const fromMs = Math.min(full.toMs - length, Math.max(full.fromMs, range.fromMs));
    return { fromMs, toMs: fromMs + length };
  };
  const set = (change: Partial<ViewState>): void => {
    const before = state;
    const next = { ...state, ...change };
    state = { ...next, range: within(next.range), cursorMs: next.cursorMs === null ? null : snap(next.cursorMs) };
    for (const listener of listeners) listener(state, before);
  };
  const step = (toMs: number): void => {
    const cursorMs = snap(toMs);
    const { range } = state;
    const length = range.toMs - range.fromMs;
    const isSeen = cursorMs >= range.fromMs && cursorMs + bucketMs <= range.toMs;
    set({ cursorMs, ...(isSeen ? {} : { range: { fromMs: cursorMs - length / 2, toMs: cursorMs + length / 2 } }) });
  };
  const zoom = (factor: number): void => {
    const { range, cursorMs } = state;
    const centre = cursorMs !== null && cursorMs >= range.fromMs && cursorMs <= range.toMs ? cursorMs : (range.fromMs + range.toMs) / 2;
    set({ range: { fromMs: centre - (centre - range.fromMs) / factor, toMs: centre + (range.toMs - centre) / factor } });
  };
  set(initial);
  return { full, bucketMs, state: () => state, set, step, zoom, onChange: (listener) => void listeners.push(listener) };
}
