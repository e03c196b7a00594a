/** What the generic runners use of k6's own modules. */
declare module 'k6/http' {
  interface Params {
    readonly headers?: Readonly<Record<string, string>>;
    /** In milliseconds. */
    readonly timeout?: number;
    readonly tags?: Readonly<Record<string, string>>;
    readonly redirects?: number;
    readonly responseType?: 'text' | 'binary' | 'none';
  }
  interface Answer {
    /** 0 where there was none. */
    readonly status: number;
    readonly error: string;
    readonly error_code: number;
    readonly headers: Readonly<Record<string, string>>;
    /** Null where it was not wanted. */
    readonly body: string | null;
    /** In milliseconds. */
    readonly timings: { readonly connecting: number; readonly receiving: number };
  }
  const http: {
    request(method: string, url: string, body: string | null, params: Params): Answer;
    get(url: string, params: Params): Answer;
  };
  export default http;
}

declare module 'k6' {
  /** Seconds. */
  export function sleep(seconds: number): void;
}

declare module 'k6/data' {
  /** Made once, and read by all virtual users. */
  export const SharedArray: new <T>(name: string, make: () => T[]) => readonly T[];
}

declare module 'k6/execution' {
  const exec: {
    readonly scenario: { readonly iterationInTest: number };
    readonly instance: {
      /** In milliseconds, with a fraction. */
      readonly currentTestRunDuration: number;
      readonly iterationsCompleted: number;
      readonly iterationsInterrupted: number;
    };
    readonly vu: { readonly metrics: { readonly metadata: Record<string, string | number> } };
  };
  export default exec;
}

declare module 'k6/metrics' {
  export class Counter {
    constructor(name: string);
    add(value: number): void;
  }
}
