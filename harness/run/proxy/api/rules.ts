import type { Listener } from '../listener.ts';
import { decodeBody } from './fields.ts';
import { ApiError, json, NO_CONTENT } from './reply.ts';
import { readRule } from './rule-body.ts';
import type { Route } from './router.ts';

/** The HTTP rules of one proxy; `base` is its path, whose one name `find` looks up. */
export function ruleRoutes(base: string, find: (name: string | undefined) => Listener): Route[] {
  const parameter = /:(\w+)/.exec(base)?.[1] ?? '';
  return [
    { methods: ['GET'], path: `${base}/rules`, handle: ({ names }) => json(200, find(names[parameter]).rules.list()) },
    {
      methods: ['POST'],
      path: `${base}/rules`,
      handle: ({ names, body }) => {
        const listener = find(names[parameter]);
        if (listener.traits.protocol !== 'http')
          throw new ApiError(400, `Cannot add a rule as '${listener.traits.edge}' must be HTTP: it is TCP`);
        const rule = readRule(decodeBody(body));
        listener.rules.add(rule);
        return json(200, rule);
      },
    },
    {
      methods: ['DELETE'],
      path: `${base}/rules/:rule`,
      handle: ({ names }) => {
        if (!find(names[parameter]).removeRule(names['rule'] ?? '')) throw new ApiError(404, 'rule not found');
        return NO_CONTENT;
      },
    },
  ];
}
