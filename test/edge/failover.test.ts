/** RFC 3263 4.3: a name that stands for several servers (SRV records) or addresses: who does not take a request is followed by the next. The application sees one request. */
import { expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { startTestEdge, type TestEdge } from './support/edges.ts';
import { ManualClock } from './support/manualClock.ts';
import { SDP, SipPeer } from './support/sipPeer.ts';
import type { AppDialog, TestSrf, UacOptions } from './support/srf.ts';

interface Scene {
  readonly clock: ManualClock;
  readonly edge: TestEdge;
  readonly srf: TestSrf;
  readonly first: SipPeer;
  readonly second: SipPeer;
}

/** `cluster.test` stands for both, the first before the second. */
async function scene(): Promise<Scene> {
  const clock = new ManualClock();
  const peers: SipPeer[] = [];
  const edge = await startTestEdge({
    clock,
    names: {
      naptr: async () => [],
      srv: async (name) =>
        name === '_sip._udp.cluster.test'
          ? peers.map(({ port }, index) => ({ name: '127.0.0.1', port, priority: 10 * index, weight: 1 }))
          : [],
      // The first is spoken to by no socket here, at the second nobody listens.
      addresses: async (name) => (name === 'host.test' ? ['2001:db8::1', '127.0.0.9', '127.0.0.1'] : []),
    },
  });
  const srf = await edge.connect();
  const [first, second] = [await SipPeer.open(edge), await SipPeer.open(edge)];
  peers.push(first, second);
  return { clock, edge, srf, first, second };
}

const call = (srf: TestSrf, uri = 'sip:bob@cluster.test', options: UacOptions = {}): Promise<AppDialog | number> =>
  srf
    .createUAC(uri, { localSdp: SDP, ...options })
    .catch((error: { status?: number; message: string }) => error.status ?? Promise.reject(new Error(error.message)));

test('RFC 3263 4.3: 503 of the first server: the same request goes to the second, whose answer counts', async () => {
  const { srf, first, second, edge } = await scene();
  const outcome = call(srf);
  const refused = await first.request('INVITE');
  first.reply(refused, 503, { tag: 'a' });
  await first.request('ACK');
  const invite = await second.request('INVITE');
  for (const name of ['call-id', 'cseq', 'from', 'contact']) expect(invite.headers.get(name)).toBe(refused.headers.get(name));
  expect(invite.headers.all('via')).toHaveLength(1);
  expect(invite.headers.get('via')).not.toBe(refused.headers.get('via'));
  second.reply(invite, 200, { tag: 'b', body: SDP });
  await second.request('ACK');
  const dialog = (await outcome) as AppDialog;
  expect(edge.figures.dialogs).toBe(1);
  void dialog.destroy();
  second.reply(await second.request('BYE'), 200);
  await until(() => edge.figures.dialogs === 0 && edge.figures.outgoing === 0);
});

test('RFC 3263 4.3: a silent server is followed by the next after 64*T1; when the last one is silent too, it is 408', async () => {
  const { srf, first, second, clock, edge } = await scene();
  const outcome = call(srf);
  await first.request('INVITE');
  clock.advance(32_000);
  await second.request('INVITE');
  clock.advance(32_000);
  expect(await outcome).toBe(408);
  await until(() => edge.figures.outgoing === 0);
});

test('RFC 3263 4.3: any other refusal is final, and so is 503 of the last', async () => {
  const { srf, first, second, edge } = await scene();
  const busy = call(srf);
  first.reply(await first.request('INVITE'), 486, { tag: 'a' });
  expect(await busy).toBe(486);
  const overloaded = call(srf);
  first.reply(await first.request('INVITE'), 503, { tag: 'b' });
  second.reply(await second.request('INVITE'), 503, { tag: 'c' });
  expect(await overloaded).toBe(503);
  await until(() => edge.figures.outgoing === 0);
});

const WAYS: readonly (readonly [string, (host: string) => readonly [string, UacOptions]])[] = [
  ['its URI', (host) => [`sip:bob@${host}`, {}]],
  ['its next hop', (host) => ['sip:bob@pbx.test', { proxy: `sip:${host}` }]],
];
test.each(WAYS)('RFC 3263 4.3: each address of the host in %s is tried, those of another family passed over', async (_where, to) => {
  const { srf, first, clock } = await scene();
  const outcome = call(srf, ...to(`host.test:${first.port}`));
  await until(() => clock.waiting > 0 && first.count('INVITE') === 0);
  clock.advance(32_000);
  first.reply(await first.request('INVITE'), 486, { tag: 'a' });
  expect(await outcome).toBe(486);
});
