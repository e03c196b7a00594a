/** The naive rival over TCP: `socket.pipe(upstream).pipe(socket)` and nothing else. Arguments: `<port>:<upstream port>`, as many as there are. */
import { connect, createServer } from 'node:net';

for (const pair of process.argv.slice(2)) {
  const [port, upstreamPort = 0] = pair.split(':').map(Number);
  createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const upstream = connect({ host: '127.0.0.1', port: upstreamPort, noDelay: true, allowHalfOpen: true });
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  }).listen(port, '127.0.0.1');
}
