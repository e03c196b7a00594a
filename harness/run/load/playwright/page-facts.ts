/** What runs inside a page: functions that the browser gets as text, so that each must be complete in itself. */
import type { StepTaken } from '../../../model/event.ts';

/** Where a page keeps its vitals for `readFacts`. */
export const VITALS_KEY = '__halfopenVitals';

/** What a page shows. */
export interface PageFacts {
  readonly shows: readonly string[];
  readonly isBlank: boolean;
  readonly vitals: StepTaken['vitals'];
}

/** Collects Web Vitals from a document's beginning (LCP, INP, CLS as web.dev defines them); an init script. */
export function watchVitals(key: string): void {
  interface Shift extends PerformanceEntry {
    readonly value: number;
    readonly hadRecentInput: boolean;
  }
  interface Interaction extends PerformanceEntry {
    readonly interactionId?: number;
  }
  const interactions = new Map<number, number>();
  const session = { value: 0, firstMs: 0, lastMs: 0 };
  let lcpMs: number | null = null;
  let worstShift = 0;
  let isPainted = false;
  const flushes: (() => void)[] = [];
  const observe = (type: string, onEntry: (entry: PerformanceEntry) => void): void => {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return;
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(onEntry));
    observer.observe({ type, buffered: true, durationThreshold: 16 } as PerformanceObserverInit);
    flushes.push(() => observer.takeRecords().forEach(onEntry));
  };
  observe('paint', () => (isPainted = true));
  observe('largest-contentful-paint', ({ startTime }) => (lcpMs = startTime));
  observe('layout-shift', (entry) => {
    const { value, hadRecentInput, startTime } = entry as Shift;
    if (hadRecentInput) return;
    // A session of shifts: less than a second apart, at most five long.
    const isSame = startTime - session.lastMs < 1000 && startTime - session.firstMs < 5000;
    if (!isSame) session.firstMs = startTime;
    session.value = isSame ? session.value + value : value;
    session.lastMs = startTime;
    worstShift = Math.max(worstShift, session.value);
  });
  const onInteraction = (entry: PerformanceEntry): void => {
    const id = (entry as Interaction).interactionId ?? 0;
    if (id > 0) interactions.set(id, Math.max(interactions.get(id) ?? 0, entry.duration));
  };
  observe('event', onInteraction);
  observe('first-input', onInteraction);
  const read = (): StepTaken['vitals'] => {
    for (const flush of flushes) flush();
    // One in fifty interactions may be worse.
    const durations = [...interactions.values()].toSorted((left, right) => right - left);
    return { lcpMs, inpMs: durations[Math.floor(durations.length / 50)] ?? null, cls: isPainted ? worstShift : null };
  };
  Object.defineProperty(globalThis, key, { value: read });
}

/** Looks at the page as it is now. The browser's own error page counts as blank: nothing of the system is on it. */
export function readFacts({ key, texts }: { readonly key: string; readonly texts: readonly string[] }): PageFacts {
  const collapse = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
  const isErrorPage = location.protocol === 'chrome-error:';
  // A document that is being made has no body yet, whatever its type says.
  const body = document.body as HTMLElement | null;
  const text = isErrorPage ? '' : collapse(body?.innerText ?? '');
  const seen = 'img, svg, canvas, video, button, input:not([type=hidden]), select, textarea, iframe';
  const hasThing = [...document.querySelectorAll(seen)].some(
    (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getClientRects().length > 0,
  );
  const vitals = (globalThis as unknown as Readonly<Record<string, (() => StepTaken['vitals']) | undefined>>)[key];
  return {
    shows: texts.filter((wanted) => text.includes(collapse(wanted))),
    isBlank: text === '' && (isErrorPage || !hasThing),
    vitals: vitals?.() ?? { lcpMs: null, inpMs: null, cls: null },
  };
}
