import { amount, type ToxicKind } from './contract.ts';

/** Passes the first `bytes` bytes of one direction, then closes the connection; what is beyond is cut. */
export const limitData: ToxicKind = {
  attributes: { bytes: { min: 0 } },
  start({ attributes, out, touch, closeAfterEnd }) {
    let passed = 0;
    let isCut = false;
    return {
      chunk(data) {
        if (isCut) return;
        const left = Math.max(0, amount(attributes, 'bytes') - passed);
        passed += Math.min(left, data.length);
        if (data.length < left) {
          out.chunk(data);
          return;
        }
        touch();
        isCut = true;
        if (left > 0) out.chunk(data.subarray(0, left));
        closeAfterEnd();
        out.end();
      },
      end() {
        if (!isCut) out.end();
      },
      full: () => false,
      update: () => undefined,
      release: () => undefined,
      stop: () => undefined,
    };
  },
};
