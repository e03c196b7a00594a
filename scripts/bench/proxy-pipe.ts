/** The naive rival: `socket.pipe(upstream).pipe(socket)` and nothing else. Answers the port that leads to the one it is told. */
import { connect, createServer, type AddressInfo } from 'node:net';
import { answerQuestions } from './child.ts';

answerQuestions<number, number>(async (upstreamPort) => {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const upstream = connect({ host: '127.0.0.1', port: upstreamPort, noDelay: true, allowHalfOpen: true });
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
});
