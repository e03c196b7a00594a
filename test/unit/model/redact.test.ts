import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { REDACTED, redactorOf } from '../../../harness/model/redact.ts';

const { text, value } = redactorOf(['card-[0-9]{4}']);

describe('redaction', () => {
  it('takes credentials out of free text and leaves the rest readable', () => {
    expect(text('GET /x Authorization: Bearer abc.def-123456 took 3 ms')).toBe(`GET /x Authorization: Bearer ${REDACTED} took 3 ms`);
    expect(text('postgres://app:hunter2@db:5432/shop')).toBe(`postgres://app:${REDACTED}@db:5432/shop`);
    expect(text('/quote?token=s3cr3tvalue&sku=kettle')).toBe(`/quote?token=${REDACTED}&sku=kettle`);
    expect(text('eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc')).toBe(REDACTED);
  });

  it("applies the configuration's own patterns", () => {
    expect(text('paid with card-1234')).toBe(`paid with ${REDACTED}`);
  });

  it('replaces secret fields at any depth, and leaves placeholders and other fields', () => {
    const plan = {
      headers: { Authorization: 'Basic Zm9vOmJhcg==', 'Idempotency-Key': '{uuid}', 'x-api-key': 'k' },
      list: [{ DB_PASSWORD: 'p', port: 1 }],
    };
    expect(value(plan)).toEqual({
      headers: { Authorization: REDACTED, 'Idempotency-Key': '{uuid}', 'x-api-key': REDACTED },
      list: [{ DB_PASSWORD: REDACTED, port: 1 }],
    });
  });

  it('lets no bearer token through, wherever it stands', () => {
    const token = fc.stringMatching(/^[A-Za-z0-9_-]{12,40}$/);
    fc.assert(
      fc.property(token, fc.string(), fc.string(), (secret, before, after) => {
        const line = `${before} Bearer ${secret} ${after}`;
        fc.pre(!before.includes(secret) && !after.includes(secret));
        expect(text(line)).not.toContain(secret);
      }),
    );
  });

  it('changes nothing that holds no secret', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ status: fc.integer(), path: fc.constantFrom('/quote/kettle', '/orders'), ok: fc.boolean() })),
        (rows) => {
          expect(value(rows)).toEqual(rows);
        },
      ),
    );
  });
});
