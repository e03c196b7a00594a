import { LIMITS } from '../../model/limits.ts';
import type { Outcome, RequestTemplate } from '../../model/load.ts';
import type { Observed } from '../../model/recording.ts';
import { compileBodyCheck } from './body-schema.ts';
import { observerOf, withinLimit } from '../../model/observe.ts';

/** What an answer means for the one who asked. */
export interface Judged {
  readonly outcome: Outcome;
  readonly observed: Observed | null;
}

/** A whole answer; `body` is null where nobody wanted it, `isCut` where it was longer than `LIMITS.bodyBytes`. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer | null;
  readonly isCut: boolean;
}

/** Reads the answers of one request template. */
export interface AnswerReader {
  readonly wantsBody: boolean;
  read(answer: Answer): Judged;
}

/** @throws {UsageError} if the template's `schema` is no JSON Schema */
export function answerReader(template: RequestTemplate, redact: (text: string) => string): AnswerReader {
  const observe = template.observe === undefined ? null : observerOf(template.observe, redact);
  const check = template.schema === undefined ? null : compileBodyCheck(template.schema, template.name);
  const wrong = (observed: Observed | null, mismatch: string): Judged => ({
    outcome: 'wrong',
    observed: withinLimit({ ...observed, mismatch: redact(mismatch) }),
  });
  const wantsBody = observe !== null || check !== null;
  return {
    wantsBody,
    read({ status, body, isCut }) {
      const isSuccess = status >= 200 && status < 300;
      if (!wantsBody) return { outcome: isSuccess ? 'ok' : 'http-error', observed: null };
      const parsed = isCut ? undefined : parse(body);
      const observed = parsed === undefined || observe === null ? null : observe(parsed.value);
      if (!isSuccess) return { outcome: 'http-error', observed };
      if (isCut) return wrong(null, `the body exceeds ${LIMITS.bodyBytes} bytes`);
      if (parsed === undefined) return wrong(null, 'the body is no JSON');
      const mismatch = check?.(parsed.value) ?? null;
      if (mismatch !== null) return wrong(observed, mismatch);
      return { outcome: observed?.degraded === true ? 'degraded' : 'ok', observed };
    },
  };
}

function parse(body: Buffer | null): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body === null ? '' : body.toString('utf8')) as unknown };
  } catch {
    return undefined;
  }
}
