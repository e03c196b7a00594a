import { PAYLOAD_VERSION, type RunDetail, type SuitePayload } from '../payload.ts';

const details = new Map<number, Promise<RunDetail | null>>();

export async function loadSuite(): Promise<SuitePayload> {
  const suite = (await decode('halfopen-suite')) as (Omit<SuitePayload, 'version'> & { readonly version: number }) | null;
  if (suite === null) throw new Error('This report holds no data: it was cut off when it was written.');
  if (suite.version !== PAYLOAD_VERSION)
    throw new Error(`This report holds data of version ${suite.version}; its viewer reads version ${PAYLOAD_VERSION}.`);
  return { ...suite, version: PAYLOAD_VERSION };
}

/** A run's data, decoded once; null for a run without a recording. */
export function loadRun(index: number): Promise<RunDetail | null> {
  let detail = details.get(index);
  if (detail === undefined) {
    detail = decode(`halfopen-run-${index}`) as Promise<RunDetail | null>;
    details.set(index, detail);
  }
  return detail;
}

const pictures = new Map<number, readonly string[]>();

/** A run's pictures as data URLs, in the order in which its data counts them. */
export function loadPictures(index: number): readonly string[] {
  let urls = pictures.get(index);
  if (urls === undefined) {
    const element = document.getElementById(`halfopen-pictures-${index}`);
    urls = element === null ? [] : element.textContent.split('\n');
    element?.remove();
    pictures.set(index, urls);
  }
  return urls;
}

async function decode(id: string): Promise<unknown> {
  const element = document.getElementById(id);
  if (element === null) return null;
  const packed = atob(element.textContent);
  element.remove();
  const bytes = new Uint8Array(packed.length);
  for (let index = 0; index < packed.length; index++) bytes[index] = packed.charCodeAt(index);
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
  return JSON.parse(text);
}
