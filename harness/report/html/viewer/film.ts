import type { PictureView, RunDetail } from '../payload.ts';
import { button, h } from './dom.ts';
import { at, count, plural } from './format.ts';
import { section } from './section.ts';
import type { View } from './view.ts';

/** Pictures that are shown at a readable size below the axis, of each phase. */
const STILLS_PER_PHASE = 4;

/** The pictures of a run, and the one dialog that enlarges them. */
export interface Film {
  readonly pictures: readonly PictureView[];
  readonly dialog: HTMLDialogElement;
  /** The picture as an image, or words where its bytes are not in this file. */
  image(picture: PictureView): HTMLElement;
  open(picture: PictureView): void;
  /** Calls back with the picture that the reader looks at. */
  onShow(listener: (picture: PictureView) => void): void;
}

/** Users may still be on their way when the axis ends: what they saw then has no place on it. */
export function isOnAxis({ atMs }: PictureView, { full }: View): boolean {
  return atMs >= full.fromMs && atMs <= full.toMs;
}

/** `sources` are data URLs; `folder` is where the run's files lie beside the report. */
export function createFilm(detail: RunDetail, sources: readonly string[], folder: string, view: View): Film {
  const { pictures } = detail;
  const listeners: ((picture: PictureView) => void)[] = [];
  const image = (picture: PictureView): HTMLElement => {
    const source = picture.source === null ? undefined : sources[picture.source];
    if (source !== undefined) {
      const { widthPx, heightPx } = picture;
      return h('img', { src: source, alt: pictureWords(picture), width: widthPx, height: heightPx, decoding: 'async' });
    }
    return h('span', { class: 'no-picture' }, h('span', { class: 'hidden' }, pictureWords(picture)), 'not in this file');
  };
  const frame = h('div', { class: 'frame' });
  const caption = h('p', { role: 'status', class: 'caption' });
  const place = h('span', { class: 'meta' });
  const dialog = h('dialog', { class: 'enlarged', 'aria-label': 'Picture of the page' });
  let shown = 0;
  const show = (index: number): void => {
    const picture = pictures[Math.min(pictures.length - 1, Math.max(0, index))];
    if (picture === undefined) return;
    shown = pictures.indexOf(picture);
    const where = picture.source === null ? ` The picture lies in ${folder}/${picture.file}.` : '';
    frame.replaceChildren(image(picture));
    caption.replaceChildren(h('b', {}, at(picture.atMs)), ` ${picture.phase} · ${sentence(picture)}${where}`);
    place.textContent = `${shown + 1} of ${pictures.length}`;
    if (isOnAxis(picture, view)) view.step(picture.atMs);
    for (const listener of listeners) listener(picture);
  };
  const controls = h(
    'div',
    { class: 'controls' },
    button('← Earlier', {}, () => show(shown - 1)),
    button('Later →', {}, () => show(shown + 1)),
    place,
    button('Close', {}, () => dialog.close()),
  );
  dialog.append(frame, caption, controls);
  dialog.addEventListener('keydown', (event) => {
    const targets: Readonly<Record<string, number>> = { ArrowLeft: shown - 1, ArrowRight: shown + 1, Home: 0, End: pictures.length - 1 };
    const target = targets[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show(target);
  });
  // A click beside the picture closes it, as readers of other galleries expect.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  return {
    pictures,
    dialog,
    image,
    open(picture) {
      show(pictures.indexOf(picture));
      if (!dialog.open) dialog.showModal();
    },
    onShow: (listener) => void listeners.push(listener),
  };
}

/** Journey, step, moment, and what the page showed: what the picture says to who does not see it. */
function pictureWords(picture: PictureView): string {
  return `${at(picture.atMs)}: ${sentence(picture)}`;
}

function sentence({ journey, occasion, subject, shown, request }: PictureView): string {
  const what = occasion === 'step' ? `after step ${subject}` : `when ${subject}`;
  return `${journey} ${what}${shown === null ? '' : `: ${shownWords(shown)}`} (user ${request}).`;
}

function shownWords({ outcome, shows, isBlank }: NonNullable<PictureView['shown']>): string {
  const seen = isBlank ? 'a blank page' : shows.length === 0 ? 'none of the texts looked for' : shows.map((text) => `“${text}”`).join(', ');
  return `${outcome === 'ok' ? '' : `${outcome}, `}showed ${seen}`;
}

/** A few pictures at a readable size, in order; on paper they stand for the filmstrip. */
export function stillsSection(detail: RunDetail, film: Film, view: View, folder: string): HTMLElement {
  const figures = stills(film.pictures).map((picture) => {
    const opener = button('', { class: 'still', 'aria-haspopup': 'dialog' }, () => film.open(picture));
    opener.append(film.image(picture));
    return h(
      'figure',
      {},
      opener,
      h('figcaption', {}, h('b', {}, at(picture.atMs)), ` ${picture.phase}`, h('span', {}, sentence(picture))),
    );
  });
  const users = new Set(film.pictures.map(({ request }) => request)).size;
  const off = film.pictures.filter((picture) => !isOnAxis(picture, view)).length;
  return section(
    'pictures',
    'What users saw',
    `${plural(film.pictures.length, 'picture')} of ${plural(users, 'user')}${off === 0 ? '' : `, ${count(off)} of them before or after the time axis`}`,
    h('div', { class: 'stills' }, ...figures),
    filesNote(detail, folder),
  );
}

/** Of each judged phase those that tell most, each picture once in it. */
function stills(pictures: readonly PictureView[]): PictureView[] {
  const judged = pictures.filter(({ phase, source }) => source !== null && ['baseline', 'fault', 'recovery'].includes(phase));
  const chosen = [...Map.groupBy(judged, ({ phase }) => phase).values()].flatMap((own) => {
    const best = own.toSorted((left, right) => interest(left) - interest(right) || left.atMs - right.atMs);
    const byFile = new Map(best.toReversed().map((picture) => [picture.file, picture]));
    return best.filter((picture) => byFile.get(picture.file) === picture).slice(0, STILLS_PER_PHASE);
  });
  return chosen.toSorted((left, right) => left.atMs - right.atMs);
}

/** What went wrong on a page, then what was new on one, then what a page was like while the system moved. */
function interest({ worth, occasion }: PictureView): number {
  if (occasion === 'step') return worth === 2 ? 4 : worth;
  return occasion === 'fault' ? 2 : 3;
}

function filesNote({ pictureFiles: { inside, beside, missing, maxBytes } }: RunDetail, folder: string): HTMLElement | null {
  if (beside + missing === 0) return null;
  const words = [
    ...(beside === 0
      ? []
      : [
          `${count(inside)} of ${count(inside + beside + missing)} different pictures are in this file, which holds ${maxBytes / 1024 ** 2} MB of them at most; the others lie in ${folder}/screenshots.`,
        ]),
    ...(missing === 0 ? [] : [`${plural(missing, 'picture')} could not be found when this file was written.`]),
  ];
  return h('p', { class: 'note' }, words.join(' '));
}
