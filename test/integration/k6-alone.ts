/** A harness without a supervisor: sends a load through k6 until it is killed. Told on its command line: k6's path, the entry's port, the run's id. */
import { get, openLoad } from '../../harness/scenario/load.ts';
import { offerToK6 } from './k6-rig.ts';

const [, , executable = '', port = '', runId = ''] = process.argv;
const load = openLoad({ ratePerSecond: 50, requests: [get('r', '/')] });
const offer = await offerToK6({ load, entry: { host: '127.0.0.1', port: Number(port) }, totalMs: 60_000, runId, k6: { executable } });
await offer.load.ended;
