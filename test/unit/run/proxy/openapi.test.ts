import { expect, test } from 'vitest';
import { halfopenRoutes } from '../../../../harness/run/proxy/api/halfopen.ts';
import { metricsRoutes } from '../../../../harness/run/proxy/api/metrics.ts';
import { toxiproxyRoutes } from '../../../../harness/run/proxy/api/toxiproxy.ts';
import type { HttpAction } from '../../../../harness/run/proxy/contract.ts';
import { Leases } from '../../../../harness/run/proxy/lease.ts';
import { Registry } from '../../../../harness/run/proxy/registry.ts';
import { TapLog } from '../../../../harness/run/proxy/tap/tap-log.ts';
import { toxicKinds } from '../../../../harness/run/proxy/toxics/index.ts';
import { operations, schemaProblems, schemas } from '../../../integration/proxy-document.ts';

test("every route of the server is in the API's document, and the other way round", () => {
  const registry = new Registry(new TapLog(), 1);
  const routes = [
    ...toxiproxyRoutes(registry),
    ...halfopenRoutes(registry),
    ...metricsRoutes(registry, new Leases(registry), { proxyMetrics: true, runtimeMetrics: false }),
  ];
  const served = routes.flatMap(({ methods = ['GET'], path }) =>
    methods.map((method) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
  );
  const documented = operations.map(({ method, path }) => `${method} ${path}`);
  expect(documented.toSorted()).toEqual(served.toSorted());
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

test('the document knows every toxic with its attributes and every action of a rule', () => {
  const toxics = Object.entries(toxicKinds).map(([type, { attributes }]) => [`Attributes_${type}`, Object.keys(attributes)]);
  const documented = Object.entries(schemas).filter(([name]) => name.startsWith('Attributes_'));
  expect(Object.fromEntries(documented.map(([name, { properties = {} }]) => [name, Object.keys(properties)]))).toEqual(
    Object.fromEntries(toxics),
  );
  expect(schemas['ToxicType']?.enum).toEqual(Object.keys(toxicKinds));
  const kinds: Record<HttpAction['kind'], true> = {
    status: true,
    delay: true,
    'slow-body': true,
    abort: true,
    hang: true,
    truncate: true,
    corrupt: true,
    edit: true,
    quota: true,
    hold: true,
    'reply-lost': true,
    'reply-late': true,
    refuse: true,
  };
  expect(schemas['RuleAction']?.oneOf?.map(({ properties }) => properties?.['kind']?.const)).toEqual(Object.keys(kinds));
});

test('its schemas are sound, and refuse what they should', () => {
  for (const name of Object.keys(schemas)) schemaProblems(name, null);
  expect(schemaProblems('Error', { error: 'proxy not found', status: 404 })).toEqual([]);
  expect(schemaProblems('Error', { error: 'proxy not found' })).not.toEqual([]);
  expect(schemaProblems('NewRule', { name: 'r', action: { kind: 'status', status: 99 } })).not.toEqual([]);
});
