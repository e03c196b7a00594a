/** What was found about one thing that a run needs. */
export interface Diagnosis {
  readonly about: string;
  /** `fine`; `mind`: works, with less; `broken`: runs cannot work. */
  readonly state: 'fine' | 'mind' | 'broken';
  readonly found: string;
  /** What to do about it; absent where nothing is to be done. */
  readonly wayOut?: string;
}

/** Looks at one thing; a look that fails is itself a finding. */
export type Look = () => Diagnosis | Promise<Diagnosis>;
