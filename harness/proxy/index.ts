/**
 * The public names of `halfopen/proxy`: no logic here. A fault proxy for anyone's tests.
 */
export { startProxy, type FaultProxy, type FaultProxyOptions, type ProxiedOptions } from './start-proxy.ts';
export type { InjectOptions, ProxiedCallee, ProxiedHttp, ToxicOptions } from './callee.ts';
export type { ActiveFault, ActiveHold, Release } from './fault.ts';
export type { Exchange } from './exchanges.ts';
export type { ToxicAttributes, ToxicName } from './toxic-attributes.ts';
export type { HeldCall, HeldOutcome, HttpAction, HttpTarget } from '../run/proxy/contract.ts';
