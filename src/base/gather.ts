/**
 * What is written to a socket within one turn of the event loop leaves in one system call. For links of many small messages, where the call costs more than making
 * the message. Nothing waits: what stands alone leaves at the end of its turn. `atEndOf`: of the callback that wrote it, or of the whole turn, all of whose callbacks
 * are gathered.
 */
import type { Socket } from 'node:net';

export function gatherWrites(socket: Socket, atEndOf: 'callback' | 'turn' = 'callback'): void {
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  let isGathering = false;
  const send = (): void => {
    isGathering = false;
    socket.uncork();
  };
  socket.write = (...given: unknown[]): boolean => {
    if (!isGathering) {
      isGathering = true;
      socket.cork();
      if (atEndOf === 'turn') setImmediate(send);
      else process.nextTick(send);
    }
    return write(...given);
  };
}
