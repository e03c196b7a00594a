import { plainText } from './plain-text.ts';

/** Text that stays text in Markdown, also in a cell of a table and in a list: on one line, and nothing in it is markup. */
export function markdownText(value: string): string {
  return (
    oneLine(value)
      .replace(/[\\`*_[\]~#!]/g, String.raw`\$&`)
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      // A cell ends at this sign, escaped or not, where it stands in code; as an entity it never does.
      .replaceAll('|', '&#124;')
      // What would else become a link.
      .replace(/:(?=\/\/)/g, '&#58;')
      .replace(/\bwww\./g, 'www&#46;')
  );
}

/** Text inside of HTML that stands in Markdown. */
export function htmlText(value: string): string {
  return oneLine(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text as code, to be copied: on one line. Not for a cell of a table. */
export function markdownCode(value: string): string {
  const text = oneLine(value);
  const longest = (text.match(/`+/g) ?? []).reduce((most, { length }) => Math.max(most, length), 0);
  const fence = '`'.repeat(longest + 1);
  const gap = text.startsWith('`') || text.endsWith('`') || text === '' ? ' ' : '';
  return `${fence}${gap}${text}${gap}${fence}`;
}

/** A link; the address must be `http:` or `https:`, else only its text is left. */
export function markdownLink(label: string, url: string): string {
  if (!/^https?:\/\/\S+$/.test(url)) return markdownText(label);
  return `[${markdownText(label)}](<${url.replace(/[<>\\]/g, encodeURIComponent)}>)`;
}

function oneLine(value: string): string {
  return plainText(value).replace(/\s+/g, ' ').trim();
}
