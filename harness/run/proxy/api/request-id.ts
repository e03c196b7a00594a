import { randomBytes } from 'node:crypto';

/** What tells this process's ids from those of others. */
const process5 = randomBytes(5).toString('hex');
let count = randomBytes(3).readUIntBE(0, 3);

/** An id as Toxiproxy's are: seconds, process and count (12 bytes) as 20 digits of base 32, so that later ids sort behind earlier ones. */
export function newRequestId(): string {
  count = (count + 1) & 0xff_ffff;
  const seconds = Math.floor(Date.now() / 1000)
    .toString(16)
    .padStart(8, '0');
  return (BigInt(`0x${seconds}${process5}${count.toString(16).padStart(6, '0')}`) << 4n).toString(32).padStart(20, '0');
}
