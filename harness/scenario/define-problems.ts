import type { Problem } from '../model/problem.ts';
import { show } from '../model/shape.ts';
import { fieldPath, isRecord, nameProblems, plainDataProblems, unknownFieldProblems, unknownName } from './validate-data.ts';
import { breakerProblems, callProblems, serviceNameProblems, serviceProblems, variableClashes } from './validate-system.ts';

/** All problems of what was given to `defineSystem`, with paths into it. */
export function declarationProblems(declaration: unknown): Problem[] {
  if (!isRecord(declaration)) return [{ path: 'system', expected: 'a declaration', found: show(declaration) }];
  const { name, entry, services, breakers } = declaration;
  const problems = [
    ...plainDataProblems(declaration, ''),
    ...unknownFieldProblems(declaration, ['name', 'entry', 'services', 'breakers'], ''),
    ...nameProblems(name, 'name'),
  ];
  const declared = isRecord(services) ? services : {};
  const serviceNames = Object.keys(declared);
  if (serviceNames.length === 0) problems.push({ path: 'services', expected: 'at least one service', found: show(services) });
  if (!serviceNames.includes(String(entry))) problems.push(unknownName(entry, serviceNames, 'entry'));
  for (const [service, value] of Object.entries(declared)) {
    const path = fieldPath('services', service);
    problems.push(...serviceNameProblems(service, path), ...serviceProblems(value, path, ['calls']));
    if (isRecord(value)) problems.push(...callsProblems(value['calls'], value['portEnv'] ?? 'PORT', path, serviceNames));
  }
  if (breakers !== undefined && !isRecord(breakers))
    problems.push({ path: 'breakers', expected: 'breakers by name', found: show(breakers) });
  const names = { service: serviceNames, edge: declaredEdges(declared) };
  for (const [breaker, value] of Object.entries(isRecord(breakers) ? breakers : {})) {
    const path = fieldPath('breakers', breaker);
    problems.push(...nameProblems(breaker, path), ...breakerProblems(value, path, names));
  }
  return problems;
}

function callsProblems(calls: unknown, portEnv: unknown, servicePath: string, services: readonly string[]): Problem[] {
  if (calls === undefined) return [];
  const path = `${servicePath}.calls`;
  if (!isRecord(calls)) return [{ path, expected: 'a variable for each callee', found: show(calls) }];
  const entries = Object.entries(calls).map(([callee, call]) => ({
    callee,
    path: fieldPath(path, callee),
    call: typeof call === 'string' ? { env: call } : call,
  }));
  return [
    ...entries.filter(({ callee }) => !services.includes(callee)).map((entry) => unknownName(entry.callee, services, entry.path)),
    ...entries.flatMap((entry) =>
      isRecord(entry.call)
        ? callProblems(entry.call, entry.path)
        : [{ path: entry.path, expected: "a variable's name or { env, url, protocol, observe }", found: show(entry.call) }],
    ),
    ...variableClashes([
      { name: portEnv, path: `${servicePath}.portEnv` },
      ...entries.map(({ call, path: at }) => ({ name: isRecord(call) ? call['env'] : undefined, path: at })),
    ]),
  ];
}

function declaredEdges(services: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(services).flatMap(([caller, service]) => {
    const calls = isRecord(service) ? service['calls'] : undefined;
    return isRecord(calls) ? Object.keys(calls).map((callee) => `${caller}->${callee}`) : [];
  });
}
