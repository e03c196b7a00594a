import { bandwidthDriver } from './bandwidth.ts';
import { blackholeDriver } from './blackhole.ts';
import { corruptDriver } from './corrupt.ts';
import { disconnectDriver } from './disconnect.ts';
import { httpAbortDriver } from './http-abort.ts';
import { httpCorruptDriver } from './http-corrupt.ts';
import { httpDelayDriver } from './http-delay.ts';
import { httpEditDriver } from './http-edit.ts';
import { httpHangDriver } from './http-hang.ts';
import { httpHoldDriver } from './http-hold.ts';
import { httpQuotaDriver } from './http-quota.ts';
import { httpStatusDriver } from './http-status.ts';
import { httpTruncateDriver } from './http-truncate.ts';
import { killDriver } from './kill.ts';
import { latencyDriver } from './latency.ts';
import { limitDataDriver } from './limit-data.ts';
import { lossDriver } from './loss.ts';
import { netemDriver } from './netem.ts';
import { partitionDriver } from './partition.ts';
import { pauseDriver } from './pause.ts';
import { refuseDriver } from './refuse.ts';
import { replyLateDriver } from './reply-late.ts';
import { replyLostDriver } from './reply-lost.ts';
import { resetDriver } from './reset.ts';
import { restartDriver } from './restart.ts';
import { sliceDriver } from './slice.ts';
import { slowBodyDriver } from './slow-body.ts';
import { slowCloseDriver } from './slow-close.ts';
import { squeezeDriver } from './squeeze.ts';
import { stopDriver } from './stop.ts';
import { unresolvableDriver } from './unresolvable.ts';

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
  loss: lossDriver,
  corrupt: corruptDriver,
  refuse: refuseDriver,
  partition: partitionDriver,
  // On the requests of an HTTP edge.
  'http-status': httpStatusDriver,
  'http-delay': httpDelayDriver,
  'http-abort': httpAbortDriver,
  'http-hang': httpHangDriver,
  'http-hold': httpHoldDriver,
  'http-truncate': httpTruncateDriver,
  'http-corrupt': httpCorruptDriver,
  'http-edit': httpEditDriver,
  'http-quota': httpQuotaDriver,
  'slow-body': slowBodyDriver,
  'reply-lost': replyLostDriver,
  'reply-late': replyLateDriver,
  // On a service as a process.
  kill: killDriver,
  pause: pauseDriver,
  stop: stopDriver,
  restart: restartDriver,
  // On a service as a container.
  disconnect: disconnectDriver,
  unresolvable: unresolvableDriver,
  squeeze: squeezeDriver,
  netem: netemDriver,
} as const;
