/** The text in at most so many characters; what was cut off shows as `…`. */
export function clipped(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return `${text
    .slice(0, lengthMax - 1)
    .toWellFormed()
    .replace(/\ufffd$/, '')}…`;
}

/** Bytes of a text in a file. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * As many pieces, from the first on, as fit into so many bytes, a line end behind each; `told` says how many did not fit, and has room
 * in any case.
 */
export function fitting(pieces: readonly string[], bytesMax: number, told: (left: number) => string): readonly string[] {
  const sizes = pieces.map((piece) => bytesOf(piece) + 1);
  if (sizes.reduce((sum, size) => sum + size, 0) <= bytesMax) return pieces;
  const room = bytesMax - bytesOf(told(pieces.length)) - 1;
  let used = 0;
  const end = sizes.findIndex((size) => (used += size) > room);
  return [...pieces.slice(0, end), told(pieces.length - end)];
}
