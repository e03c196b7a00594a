import type { Line } from '../line.ts';
import { bulk } from './bulk.ts';
import { connections } from './connections.ts';
import { control } from './control.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { ping } from './ping.ts';
import { requests } from './requests.ts';

/** In the order in which they are measured and reported. */
export const lines: readonly Line[] = [bulk, ping, requests, connections, memory, latency, control];
