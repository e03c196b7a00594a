/** The naive rival over HTTP: `node:http` on both sides with a keep-alive agent. Arguments: `<port>:<upstream port>`. */
import { Agent, createServer, request } from 'node:http';

const [port, upstreamPort] = (process.argv[2] ?? '').split(':').map(Number);
const agent = new Agent({ keepAlive: true });

createServer({ noDelay: true }, (incoming, outgoing) => {
  const { method, url, headers } = incoming;
  const onward = request({ agent, host: '127.0.0.1', port: upstreamPort, method, path: url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  outgoing.on('close', () => void (outgoing.writableFinished || onward.destroy()));
  incoming.pipe(onward);
}).listen(port, '127.0.0.1');
