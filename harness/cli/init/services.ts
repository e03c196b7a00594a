/** The shop front of the example: it asks the backend through a breaker, and has an answer when the backend has none. */
export const webService = `// The front of the example. It asks the backend through a circuit breaker; while that is open, it serves the last greeting and says so.
import { createServer } from 'node:http';
import CircuitBreaker from 'opossum';

let lastGreeting = null;

const breaker = new CircuitBreaker(askBackend, {
  timeout: 500,
  errorThresholdPercentage: 50,
  volumeThreshold: 5,
  rollingCountTimeout: 2000,
  resetTimeout: 1000,
});
breaker.fallback(() => (lastGreeting === null ? { greeting: null, _unavailable: true } : { greeting: lastGreeting, _stale: true }));

// What halfopen reads: the breaker's state, once at the start and then at each transition.
const say = (state) => console.log(JSON.stringify({ halfopen: 'breaker', name: 'web.backend', state, monoNs: String(process.hrtime.bigint()) }));
say('closed');
breaker.on('open', () => say('open'));
breaker.on('halfOpen', () => say('half-open'));
breaker.on('close', () => say('closed'));

async function askBackend(traceparent) {
  const answer = await fetch(\`\${process.env.BACKEND_URL}/greeting\`, { headers: traceparent === undefined ? {} : { traceparent } });
  if (!answer.ok) throw new Error(\`backend answered \${answer.status}\`);
  const { greeting } = await answer.json();
  lastGreeting = greeting;
  return { greeting };
}

createServer(async ({ url, headers }, answer) => {
  if (url === '/readyz') return answer.end('ready');
  const body = await breaker.fire(headers.traceparent);
  answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

export const backendService = `// The backend of the example: one greeting.
import { createServer } from 'node:http';

createServer(({ url }, answer) => {
  if (url === '/readyz') return answer.end('ready');
  answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ greeting: 'hello' }));
}).listen(Number(process.env.PORT), '127.0.0.1');
`;
