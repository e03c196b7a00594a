/** A text's UTF-8, a character a byte: how texts are compared and put together with bytes that may be none. */
export function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
