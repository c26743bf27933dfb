import { createServer, type Socket } from 'node:net';

/**
 * Starts a server on loopback that is no PostgreSQL.
 * @param onLogin called with a connection once it has sent its login.
 */
export async function pretendPostgres(onLogin: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => onLogin(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { address: `127.0.0.1:${port}/orders`, url: `postgres://ada:secret@127.0.0.1:${port}/orders`, stop };
}
