/** A start says which port is taken before it starts anything, phones' ports as well as the web's. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { portsMessage } from '../../src/supervisor/ports.ts';

const wished = {
  HTTP_PORT: 0,
  HTTP_HOST: '127.0.0.1',
  SIP_PORT: 0,
  SIP_TLS_PORT: 0,
  SIP_WS_PORT: 0,
  SIP_HOST: '127.0.0.1',
  TLS_CERT: undefined,
  DRACHTIO_HOST: undefined,
};

test('OPS a SIP port that another program has in UDP alone is named with its setting; a drachtio-server needs none of them', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  expect(await portsMessage({ ...wished, SIP_PORT: port })).toBe(
    `Port ${port} is taken by another program: stop it, or set SIP_PORT to a free one, e.g. SIP_PORT=${port + 1} npm start`,
  );
  expect(await portsMessage({ ...wished, SIP_PORT: port, DRACHTIO_HOST: 'sip.example' })).toBeUndefined();
  socket.close();
  await once(socket, 'close');
});

test('OPS ports of HTTP, WebSocket and, with a certificate, TLS are named too; free ones are in no trouble', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  expect(await portsMessage({ ...wished, HTTP_PORT: port })).toContain(`HTTP_PORT=${port + 1}`);
  expect(await portsMessage({ ...wished, SIP_WS_PORT: port })).toContain(`SIP_WS_PORT=${port + 1}`);
  expect(await portsMessage({ ...wished, SIP_TLS_PORT: port })).toBeUndefined();
  expect(await portsMessage({ ...wished, SIP_TLS_PORT: port, TLS_CERT: 'cert.pem' })).toContain(`SIP_TLS_PORT=${port + 1}`);
  server.close();
  await once(server, 'close');
  expect(await portsMessage({ ...wished, SIP_PORT: port, SIP_WS_PORT: port })).toBeUndefined();
});
