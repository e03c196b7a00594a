/** What stands in place of a secret. */
export const REDACTED = '[redacted]';

/** Names of headers, variables and fields whose values are secrets. */
const SECRET_NAME = /authorization|cookie|token|secret|passw(?:or)?d|api[-_]?key|credential|private[-_]?key/i;

/** Texts that are secrets wherever they stand: bearer and basic credentials, JSON web tokens, passwords in URLs. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${REDACTED}`],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, REDACTED],
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]+:)[^\s@/]+@/gi, `$1${REDACTED}@`],
  [/([?&](?:access_token|token|api_?key|key|secret|password|sig(?:nature)?)=)[^&\s"']+/gi, `$1${REDACTED}`],
];

/** Takes secrets out of texts and of plain data. */
export interface Redactor {
  text(text: string): string;
  /** A copy of plain data in which secret fields and secret texts are replaced. */
  value<T>(value: T): T;
}

/**
 * A redactor for the built-in patterns and the configuration's own.
 *
 * @throws {SyntaxError} if a pattern is no regular expression
 */
export function redactorOf(patterns: readonly string[] = []): Redactor {
  const own = patterns.map((pattern) => new RegExp(pattern, 'g'));
  const text = (input: string): string => {
    let output = input;
    for (const [pattern, replacement] of SECRET_TEXTS) output = output.replace(pattern, replacement);
    for (const pattern of own) output = output.replace(pattern, REDACTED);
    return output;
  };
  const value = (input: unknown): unknown => {
    if (typeof input === 'string') return text(input);
    if (Array.isArray(input)) return input.map(value);
    if (typeof input !== 'object' || input === null) return input;
    return Object.fromEntries(Object.entries(input).map(([key, entry]) => [key, redactField(key, entry)]));
  };
  const redactField = (key: string, entry: unknown): unknown =>
    typeof entry === 'string' && SECRET_NAME.test(key) && !isPlaceholder(entry) ? REDACTED : value(entry);
  return { text, value: value as Redactor['value'] };
}

/** A template such as `{uuid}` is no secret, whatever its field is called. */
function isPlaceholder(text: string): boolean {
  return /^\{[a-z0-9_-]+\}$/i.test(text);
}
