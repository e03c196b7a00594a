/** Cuts a stream of bytes into lines, in bounded memory. */
export interface LineReader {
  push(chunk: Buffer): void;
  /** Delivers what is left without a newline. */
  end(): void;
}

/** Lines longer than `limitBytes` are cut there; the rest of such a line is dropped. */
export function lineReader(limitBytes: number, onLine: (text: string) => void): LineReader {
  let parts: Buffer[] = [];
  let length = 0;

  const keep = (piece: Buffer): void => {
    const room = limitBytes - length;
    if (room <= 0 || piece.length === 0) return;
    parts.push(piece.length > room ? piece.subarray(0, room) : piece);
    length += Math.min(piece.length, room);
  };
  const deliver = (): void => {
    const line = parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
    parts = [];
    length = 0;
    const text = line.toString('utf8');
    onLine(text.endsWith('\r') ? text.slice(0, -1) : text);
  };

  return {
    push(chunk) {
      let from = 0;
      for (let newline = chunk.indexOf(10); newline >= 0; newline = chunk.indexOf(10, from)) {
        keep(chunk.subarray(from, newline));
        deliver();
        from = newline + 1;
      }
      keep(chunk.subarray(from));
    },
    end() {
      if (length > 0) deliver();
    },
  };
}
