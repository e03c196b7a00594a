/** A Markdown table whose columns line up as text too. The first column is left-aligned, the others right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (column === 0 ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** A document made of sections, `## title` each; the section of that title is replaced, or added at the end. */
export function withSection(document: string, title: string, body: string): string {
  const [preface = '', ...sections] = `\n${document}`.split(/\n(?=## )/);
  const section = `## ${title}\n\n${body.trim()}\n`;
  const place = sections.findIndex((text) => text.split('\n', 1)[0] === `## ${title}`);
  const replaced = place < 0 ? [...sections, section] : sections.with(place, section);
  return [preface.trim(), ...replaced.map((text) => text.trim())].join('\n\n') + '\n';
}

/** A ratio as people read it: `0.83×`, `12×`. */
export function ratio(value: number, beside: number): string {
  const quotient = value / beside;
  if (!Number.isFinite(quotient)) return '–';
  return `${quotient < 10 ? quotient.toFixed(2) : quotient.toFixed(0)}×`;
}
