import { LIMITS } from '../../../model/limits.ts';
import type { Rule } from '../http/rules.ts';
import type { Listener } from '../listener.ts';
import { decodeBody } from './fields.ts';
import { ApiError, json, NO_CONTENT } from './reply.ts';
import { readRelease, readRule } from './rule-body.ts';
import type { Route } from './router.ts';

/** The HTTP rules of one proxy; `base` is its path, whose one name `find` looks up. */
export function ruleRoutes(base: string, find: (name: string | undefined) => Listener): Route[] {
  const parameter = /:(\w+)/.exec(base)?.[1] ?? '';
  type Names = Readonly<Record<string, string>>;
  const listenerOf = (names: Names): Listener => find(names[parameter]);
  const ruleOf = (names: Names): Rule => {
    const rule = listenerOf(names).rules.get(names['rule'] ?? '');
    if (rule === undefined) throw new ApiError(404, 'rule not found');
    return rule;
  };
  const all = `${base}/rules`;
  const one = `${all}/:rule`;
  return [
    { methods: ['GET'], path: all, handle: ({ names }) => json(200, listenerOf(names).rules.list().map(ruleJson)) },
    {
      methods: ['POST'],
      path: all,
      handle: ({ names, body }) => json(200, ruleJson(addRule(listenerOf(names), body))),
    },
    {
      methods: ['DELETE'],
      path: all,
      handle: ({ names }) => {
        const listener = listenerOf(names);
        for (const { spec } of listener.rules.list()) listener.removeRule(spec.name);
        return NO_CONTENT;
      },
    },
    { methods: ['GET'], path: one, handle: ({ names }) => json(200, ruleJson(ruleOf(names))) },
    {
      methods: ['DELETE'],
      path: one,
      handle: ({ names }) => {
        listenerOf(names).removeRule(ruleOf(names).spec.name);
        return NO_CONTENT;
      },
    },
    { methods: ['GET'], path: `${one}/held`, handle: ({ names }) => json(200, ruleOf(names).heldCalls()) },
    {
      methods: ['POST'],
      path: `${one}/release`,
      handle: ({ names, body }) => {
        const rule = ruleOf(names);
        return json(200, { released: rule.release(readRelease(body.trim() === '' ? {} : decodeBody(body))) });
      },
    },
  ];
}

function addRule(listener: Listener, body: string): Rule {
  const { rules, traits } = listener;
  if (traits.protocol !== 'http') throw new ApiError(400, `Cannot add a rule as '${traits.edge}' must be HTTP: it is TCP`);
  const spec = readRule(decodeBody(body));
  if (rules.size >= LIMITS.rules && rules.get(spec.name) === undefined)
    throw new ApiError(
      400,
      `Cannot add a rule as 'rules' must be at most ${LIMITS.rules} on one proxy: current value is ${rules.size + 1}`,
    );
  return rules.add(spec);
}

export function ruleJson({ spec, sinceUs, matched, hit, held }: Rule): unknown {
  return { ...spec, sinceUs, matched, hit, held };
}
