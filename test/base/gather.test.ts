/** Gathered writes: one system call for what one turn of the event loop writes. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gatherWrites } from '../../src/base/gather.ts';
import { until } from '../support/services.ts';

const server = createServer();
let near: Socket;
const chunks: string[] = [];
beforeAll(async () => {
  server.on('connection', (far) => far.on('data', (chunk) => chunks.push(chunk.toString())));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(near, 'connect');
  gatherWrites(near);
});
afterAll(() => {
  near.destroy();
  server.close();
});

test('rule: what is written in one turn, also by what was promised, arrives whole, in order and at once', async () => {
  const written: string[] = [];
  const write = (text: string | Buffer): void => {
    written.push(text.toString());
    near.write(text);
  };
  const turn = async (): Promise<void> => {
    for (let count = 0; count < 50; count++) {
      write(count % 2 === 0 ? `${count},` : Buffer.from(`${count},`));
      await undefined;
    }
  };
  await Promise.resolve().then(turn);
  await until(() => chunks.join('').length === written.join('').length);
  expect(chunks).toEqual([written.join('')]);
});

test('rule: what is written when the socket ends is not lost', async () => {
  chunks.length = 0;
  near.write('last');
  near.end(' words');
  await until(() => chunks.join('') === 'last words');
});
