/** What a service said last of each of its breakers: a run that uses its container again has not heard it. */
export class LastStatements {
  readonly #lines = new Map<string, { readonly text: string; readonly state: string }>();

  read(text: string): void {
    if (!text.includes('"halfopen"') || !text.startsWith('{')) return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // No statement: whoever reads the lines says so.
      return;
    }
    const { halfopen, name, state } = value as Readonly<Record<string, unknown>>;
    if (halfopen === 'breaker' && typeof name === 'string' && typeof state === 'string') this.#lines.set(name, { text, state });
  }

  /** A process that starts anew has said nothing yet. */
  clear(): void {
    this.#lines.clear();
  }

  get texts(): readonly string[] {
    return [...this.#lines.values()].map(({ text }) => text);
  }

  get openBreakers(): readonly string[] {
    return [...this.#lines].flatMap(([name, { state }]) => (state === 'closed' ? [] : [name]));
  }
}
