/** The part of a socket that is needed to end it. */
interface Endable {
  destroy(): unknown;
  resetAndDestroy?(): unknown;
}

/**
 * Ends a connection whose client does not take what was sent to it. Closing alone would leave the
 * unsent bytes to the system, which keeps them, and the connection, until the client is gone.
 */
export function resetConnection(socket: Endable): void {
  if (socket.resetAndDestroy) socket.resetAndDestroy();
  else socket.destroy();
}
