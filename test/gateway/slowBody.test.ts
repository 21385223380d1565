/** A body that comes slowly, as from a phone: the time a request may take begins when all of it is here (CHT-18). */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { limitsFor } from '../../config/limits.ts';
import { route } from '../../src/api/route.ts';
import { createLogger } from '../../src/base/log.ts';
import { HttpHandler } from '../../src/gateway/httpHandler.ts';
import { Metrics } from '../../src/gateway/metrics.ts';
import { RouteTable } from '../../src/gateway/routeTable.ts';
import { Server } from '../../src/gateway/server.ts';
import { until } from '../support/services.ts';

const TIMEOUT_MS = 200;
const metrics = new Metrics('test');
let server: Server;

beforeAll(async () => {
  const paths = ['/echo', '/never'].map((path) =>
    route({
      method: 'POST',
      path,
      summary: path,
      tag: 'Test',
      action: 'public',
      bodyKind: 'bytes',
      answers: { 200: z.object({}) },
      handler: () => Promise.reject(new Error('not called')),
    }),
  );
  const handler = new HttpHandler({
    table: new RouteTable(paths),
    handleRoute: async (_exchange, { path }, _params, body) => {
      const bytes = await body;
      if (path === '/never') await new Promise(() => undefined);
      return { status: 200, bytes };
    },
    files: undefined,
    limits: { ...limitsFor(1), requestTimeoutMs: TIMEOUT_MS },
    metrics,
    log: createLogger('test', 'silent'),
    isTls: false,
  });
  server = await Server.listen({
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    isProxyTrusted: false,
    centerMark: 'test',
    backlogMaxBytes: 1_000,
    onRequest: (exchange) => handler.handle(exchange),
    onUpgrade: () => undefined,
    onOpen: () => undefined,
  });
});
afterAll(() => {
  server.close();
  metrics.close();
});

async function post(path: string, afterMs: number): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += String(data);
  });
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nfirst`);
  const at = performance.now() + afterMs;
  await until(() => performance.now() > at);
  socket.write(' last');
  await until(() => answer !== '', { what: 'the answer' });
  socket.destroy();
  return answer;
}

test('CHT-18 a body that takes longer than a request may is taken', async () => {
  const answer = await post('/echo', 3 * TIMEOUT_MS);
  expect(answer).toContain('HTTP/1.1 200');
  expect(answer).toContain('first last');
});

test('API-1 a request that is here and takes too long is told so', async () => {
  expect(await post('/never', 0)).toContain('HTTP/1.1 503');
});
