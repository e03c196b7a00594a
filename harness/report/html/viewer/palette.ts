/** Colours of the current theme, read from the stylesheet, for what is drawn on a canvas. */
export interface Palette {
  readonly page: string;
  readonly ink: string;
  readonly mute: string;
  readonly hair: string;
  readonly blue: string;
  readonly purple: string;
  readonly redArea: string;
  readonly ok: string;
  readonly degraded: string;
  readonly envelope: string;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  return {
    page: value('--page'),
    ink: value('--ink'),
    mute: value('--mute'),
    hair: value('--hair'),
    blue: value('--blue'),
    purple: value('--purple'),
    redArea: value('--red-area'),
    ok: value('--ok'),
    degraded: value('--degraded'),
    envelope: value('--envelope'),
  };
}

/** The canvas twin of the stylesheet's patterns: dots for degraded, lines for unsent, a lattice for wrong. */
export function texture(palette: Palette, kind: 'degraded' | 'unsent' | 'wrong'): () => CanvasPattern | string {
  return () => {
    const ratio = devicePixelRatio;
    const tile = document.createElement('canvas');
    const size = (kind === 'unsent' ? 4 : 5) * ratio;
    tile.width = tile.height = Math.round(size);
    const pen = tile.getContext('2d');
    if (pen === null) return palette.mute;
    pen.fillStyle = kind === 'degraded' ? palette.degraded : palette.page;
    pen.fillRect(0, 0, size, size);
    pen.fillStyle = kind === 'wrong' ? palette.purple : palette.ink;
    if (kind === 'degraded') {
      pen.beginPath();
      pen.arc(size / 2, size / 2, 0.9 * ratio, 0, 2 * Math.PI);
      pen.fill();
    } else {
      pen.fillRect(0, 0, size, 1.6 * ratio);
      if (kind === 'wrong') pen.fillRect(0, 0, 1.6 * ratio, size);
    }
    return pen.createPattern(tile, 'repeat') ?? palette.mute;
  };
}

/** Calls back when colours may have changed: the system's theme, and the way to the printer and back. */
export function onThemeChange(redraw: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  addEventListener('beforeprint', () => {
    document.documentElement.dataset['print'] = '';
    redraw();
  });
  addEventListener('afterprint', () => {
    delete document.documentElement.dataset['print'];
    redraw();
  });
}
