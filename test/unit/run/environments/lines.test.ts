import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineReader } from '../../../../harness/run/environments/lines.ts';

function read(chunks: readonly Buffer[], limitBytes = 1000): string[] {
  const lines: string[] = [];
  const reader = lineReader(limitBytes, (text) => lines.push(text));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return lines;
}

describe('lines out of a stream of bytes', () => {
  it('are the same however the bytes are cut, also within a character', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\n\r]/.test(text) && text !== '');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat({ max: 200 }), { maxLength: 10 }), (texts, cuts) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((to, index) => bytes.subarray(edges[index], to));
        expect(read(chunks)).toEqual(texts);
      }),
    );
  });

  it('keep empty lines, lose a carriage return, and end without a newline', () => {
    expect(read([Buffer.from('a\r\n\nb')])).toEqual(['a', '', 'b']);
  });

  it('are cut at the limit, and the next line is whole again', () => {
    expect(read([Buffer.from('123'), Buffer.from('456789'), Buffer.from('0\nabc\n')], 5)).toEqual(['12345', 'abc']);
  });
});
