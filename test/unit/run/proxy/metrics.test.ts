import { expect, test } from 'vitest';
import { exposition } from '../../../../harness/run/proxy/api/metrics.ts';

test('metrics and series come in the order of their names, labels and help escaped', () => {
  const text = exposition([
    {
      name: 'z_total',
      help: 'a \\ and\na line',
      type: 'counter',
      samples: [
        { labels: [['proxy', 'b']], value: 1e21 },
        { labels: [['proxy', 'a"b\\c\nd']], value: 2 },
      ],
    },
    { name: 'a', help: '', type: 'gauge', samples: [{ labels: [], value: Number.NaN }] },
    { name: 'none', help: 'has no series', type: 'gauge', samples: [] },
  ]);
  expect(text).toBe(
    [
      '# HELP a ',
      '# TYPE a gauge',
      'a NaN',
      String.raw`# HELP z_total a \\ and\na line`,
      '# TYPE z_total counter',
      String.raw`z_total{proxy="a\"b\\c\nd"} 2`,
      'z_total{proxy="b"} 1e+21',
      '',
    ].join('\n'),
  );
});
