const WIDTH = 100;
/** Widest cell of a column that is not the last. */
const CELL_WIDTH = 40;

/** Seconds with one decimal, or as many as the time has down to milliseconds: `7.0`, `7.25`. */
export function seconds(atUs: number): string {
  const text = String(Math.round(atUs / 1000) / 1000);
  return text.includes('.') ? text : `${text}.0`;
}

/** Columns that line up; the last one is wrapped under itself where it would pass the width. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  { indent, right }: { readonly indent: number; readonly right: readonly number[] },
): string[] {
  const last = Math.max(1, ...rows.map((row) => row.length)) - 1;
  const cellOf = (row: readonly string[], column: number): string => cut(row[column] ?? '');
  const widths = Array.from({ length: last }, (_, column) => Math.max(...rows.map((row) => cellOf(row, column).length)));
  return rows.flatMap((row) => {
    const cells = widths.map((width, column) => {
      const cell = cellOf(row, column);
      return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
    });
    const first = `${' '.repeat(indent)}${cells.map((cell) => `${cell}  `).join('')}`;
    return bullet(row[last] ?? '', { first, rest: ' '.repeat(Math.min(first.length, WIDTH - 30)) });
  });
}

function cut(cell: string): string {
  return cell.length > CELL_WIDTH ? `${cell.slice(0, CELL_WIDTH - 1)}…` : cell;
}

/** `name  value` lines under a title. */
export function pairs(rows: readonly (readonly [string, string])[]): string[] {
  return alignColumns(rows, { indent: 2, right: [] });
}

/** A text wrapped at spaces, its first line behind `first` and the others behind `rest`. */
export function bullet(text: string, { first, rest }: { readonly first: string; readonly rest: string }): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ').flatMap((long) => pieces(long, WIDTH - rest.length))) {
    const joined = isEmpty ? `${line}${word}` : `${line} ${word}`;
    if (joined.length > WIDTH && (!isEmpty || line !== rest)) {
      lines.push(line.trimEnd());
      line = `${rest}${word}`;
    } else {
      line = joined;
    }
    isEmpty = false;
  }
  return [...lines, line.trimEnd()];
}

/** A word that is longer than a line, cut. */
function pieces(word: string, length: number): string[] {
  if (word.length <= length) return [word];
  return Array.from({ length: Math.ceil(word.length / length) }, (_, index) => word.slice(index * length, (index + 1) * length));
}
