import { describe, expect, it } from 'vitest';
import { bucketUsFor, responseMs, seriesOf, serviceMs } from '../../../harness/analysis/series.ts';
import { recordingOf, steadily } from '../../recordings.ts';

const span = { fromUs: 0, toUs: 1_000_000 };

describe('seriesOf', () => {
  it('puts each arrival into the window of its intended time, however late it started or ended', () => {
    const { requests } = recordingOf({ requests: [{ atMs: 249, lagMs: 400, tookMs: 900 }, { atMs: 250 }, { atMs: 999 }] });
    const { windows, bucketUs } = seriesOf(requests, span, 250_000);
    expect(bucketUs).toBe(250_000);
    expect(windows.map(({ arrivals }) => arrivals)).toEqual([1, 1, 0, 1]);
    expect(windows[0]).toMatchObject({ fromUs: 0, toUs: 250_000, p95Ms: 1300, maxMs: 1300 });
    expect(windows[2]).toMatchObject({ p50Ms: null, p95Ms: null, maxMs: null });
  });

  it('counts each arrival once: ok, degraded or failed', () => {
    const outcomes = ['ok', 'degraded', 'wrong', 'http-error', 'timeout', 'shed'] as const;
    const { requests } = recordingOf({ requests: outcomes.map((outcome, place) => ({ atMs: place, outcome })) });
    expect(seriesOf(requests, span, 1_000_000).windows[0]).toMatchObject({ arrivals: 6, ok: 1, degraded: 1, failed: 4 });
  });

  it('cuts the last window short at the end of the span', () => {
    expect(seriesOf([], { fromUs: 0, toUs: 600_000 }, 250_000).windows.at(-1)).toMatchObject({ fromUs: 500_000, toUs: 600_000 });
  });

  it('widens the bucket until it holds ten arrivals on average', () => {
    const widthFor = (everyMs: number): number => {
      const { requests } = recordingOf({ requests: steadily(0, 8000, everyMs) });
      return seriesOf(requests, { fromUs: 0, toUs: 8_000_000 }).bucketUs;
    };
    expect(widthFor(25)).toBe(250_000);
    expect(widthFor(26)).toBe(500_000);
    expect(widthFor(100)).toBe(1_000_000);
  });

  it('never makes a bucket wider than the span', () => {
    expect(bucketUsFor(3, 900_000)).toBe(900_000);
    expect(bucketUsFor(0, 900_000)).toBe(900_000);
    expect(bucketUsFor(0, 0)).toBe(250_000);
  });
});

describe('times of a request', () => {
  it('counts the response from the intended time and the service from the start', () => {
    const [late, shed] = recordingOf({
      requests: [
        { atMs: 0, lagMs: 30, tookMs: 10 },
        { atMs: 1, lagMs: null, outcome: 'shed', tookMs: 0 },
      ],
    }).requests;
    expect(late && responseMs(late)).toBe(40);
    expect(late && serviceMs(late)).toBe(10);
    expect(shed && serviceMs(shed)).toBeNull();
  });
});
