import { bandwidthDriver } from './bandwidth.ts';
import { blackholeDriver } from './blackhole.ts';
import { httpAbortDriver } from './http-abort.ts';
import { httpDelayDriver } from './http-delay.ts';
import { httpHangDriver } from './http-hang.ts';
import { httpStatusDriver } from './http-status.ts';
import { killDriver } from './kill.ts';
import { latencyDriver } from './latency.ts';
import { limitDataDriver } from './limit-data.ts';
import { partitionDriver } from './partition.ts';
import { pauseDriver } from './pause.ts';
import { refuseDriver } from './refuse.ts';
import { replyLateDriver } from './reply-late.ts';
import { replyLostDriver } from './reply-lost.ts';
import { resetDriver } from './reset.ts';
import { restartDriver } from './restart.ts';
import { sliceDriver } from './slice.ts';
import { slowCloseDriver } from './slow-close.ts';

/** Every kind of fault. */
export const faultDrivers = {
  // On an edge, whatever it carries.
  latency: latencyDriver,
  bandwidth: bandwidthDriver,
  'slow-close': slowCloseDriver,
  blackhole: blackholeDriver,
  reset: resetDriver,
  slice: sliceDriver,
  'limit-data': limitDataDriver,
  refuse: refuseDriver,
  partition: partitionDriver,
  // On the requests of an HTTP edge.
  'http-status': httpStatusDriver,
  'http-delay': httpDelayDriver,
  'http-abort': httpAbortDriver,
  'http-hang': httpHangDriver,
  'reply-lost': replyLostDriver,
  'reply-late': replyLateDriver,
  // On a service as a process.
  kill: killDriver,
  pause: pauseDriver,
  restart: restartDriver,
} as const;
