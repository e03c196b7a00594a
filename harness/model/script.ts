/**
 * The metric of the threshold that halfopen itself sets for a k6 script: the share of iterations that threw although none of their calls
 * had failed.
 */
export const SCRIPT_EXCEPTIONS = 'halfopen_exceptions';
/** Most iterations that may throw so, as a share: what they would have called was not offered. */
export const SCRIPT_EXCEPTIONS_MAX = 0.01;
