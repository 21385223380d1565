/**
 * Asks a server for dialogs that another process of ours carried and left (`sip/edge/protocol.ts`). A server that does not know the question, or has other plans for its
 * dialogs, gives none: what is not given is ended by who asked.
 */
import { connect } from 'node:net';
import { edgeAnswer } from '../edge/protocol.ts';
import type { ServerAddress } from './link.ts';

const ANSWER_MS = 3_000;
const MAX_CHARS = 64_000_000;

/** Ids of those that are ours now; requests in them come over the link that was authenticated with this tag. undefined: it did not answer in 3 s. Never throws. */
export function adoptDialogs(server: ServerAddress, tag: string, dialogs: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  const { promise, resolve } = Promise.withResolvers<ReadonlySet<string> | undefined>();
  const socket = connect({ host: server.host, port: server.port });
  const none = (): void => resolve(new Set());
  const timer = setTimeout(() => {
    resolve(undefined);
    socket.destroy();
  }, ANSWER_MS);
  let text = '';
  socket.setEncoding('utf8');
  socket.on('error', none);
  socket.on('close', () => {
    clearTimeout(timer);
    none();
  });
  socket.on('connect', () => {
    const lines = [
      { seq: 1, do: 'hello', secret: server.secret, application: tag },
      { seq: 2, do: 'adopt', dialogs },
    ];
    socket.write(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  });
  socket.on('data', (chunk) => {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    if (text.length > MAX_CHARS) socket.destroy();
    for (const line of lines) {
      const answer = parsed(line);
      if (!answer?.ok) return void socket.destroy();
      if (answer.seq !== 2) continue;
      resolve(new Set((answer.adopted ?? []).map(({ id }) => id)));
      socket.end();
    }
  });
  return promise;
}

function parsed(line: string) {
  try {
    return edgeAnswer.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
