/** Data as gzip in base64: it holds no `<`, so it can end no element that it stands in. */
export async function pack(data: unknown): Promise<string> {
  const stream = new Blob([JSON.stringify(data)]).stream().pipeThrough(new CompressionStream('gzip'));
  return base64(new Uint8Array(await new Response(stream).arrayBuffer()));
}

/** Bytes that one call of `String.fromCharCode` takes without running out of stack; a multiple of 3, so that pieces join. */
const PIECE_BYTES = 0x6000;

export function base64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length; from += PIECE_BYTES)
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(from, from + PIECE_BYTES))));
  return pieces.join('');
}
