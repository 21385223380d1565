/** SUBSCRIBE and NOTIFY (RFC 6665), REFER (RFC 3515), REGISTER, MESSAGE and their like, through drachtio-srf. */
import { expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { startTestEdge, type TestEdge } from './support/edges.ts';
import { ManualClock } from './support/manualClock.ts';
import { SDP, SipPeer, toTag } from './support/sipPeer.ts';
import type { AppDialog, AppMessage, AppResponse, TestSrf } from './support/srf.ts';

interface Scene {
  readonly clock: ManualClock;
  readonly edge: TestEdge;
  readonly srf: TestSrf;
  readonly peer: SipPeer;
}

async function scene(): Promise<Scene> {
  const clock = new ManualClock();
  const edge = await startTestEdge({ clock });
  return { clock, edge, srf: await edge.connect(), peer: await SipPeer.open(edge) };
}

const ACTIVE = { Event: 'presence', 'Subscription-State': 'active' };
const TERMINATED = { Event: 'presence', 'Subscription-State': 'terminated' };

test('RFC 6665 4.2: an application takes a subscription, notifies, and the last NOTIFY ends it', async () => {
  const { edge, srf, peer } = await scene();
  const taken = new Promise<AppDialog>((resolve) => {
    srf.subscribe((req, res) => void srf.createUAS(req, res).then(resolve));
  });
  peer.send(
    peer.newRequest('SUBSCRIBE', {
      lines: [
        ['Event', 'presence'],
        ['Expires', '600'],
      ],
    }),
  );
  const accepted = await peer.response(202, 'SUBSCRIBE');
  expect(accepted.headers.get('expires')).toBe('600');
  const dialog = await taken;
  const first = dialog.request({ method: 'NOTIFY', headers: ACTIVE });
  const notify = await peer.request('NOTIFY');
  expect(notify.headers.get('from')).toContain(`tag=${toTag(accepted)}`);
  peer.reply(notify, 200);
  expect((await first).status).toBe(200);
  const last = dialog.request({ method: 'NOTIFY', headers: TERMINATED });
  peer.reply(await peer.request('NOTIFY'), 200);
  await last;
  await until(() => edge.figures.dialogs === 0);
});

test('RFC 6665 4.1: an application subscribes; a NOTIFY that overtakes the answer is told in the same dialog', async () => {
  const { edge, srf, peer } = await scene();
  const notified: string[] = [];
  srf.notify((req: AppMessage, res: AppResponse) => {
    notified.push(req.stackDialogId);
    res.send(200);
  });
  const made = srf.createUAC(`sip:bob@127.0.0.1:${peer.port}`, { method: 'SUBSCRIBE', headers: { Event: 'presence', Expires: '600' } });
  const subscribe = await peer.request('SUBSCRIBE');
  expect(subscribe.headers.get('contact')).toContain(String(edge.sipPort));
  const early = peer.inAnsweredCall(subscribe, 'n', 'NOTIFY', {
    seq: 1,
    lines: [
      ['Event', 'presence'],
      ['Subscription-State', 'active'],
    ],
  });
  peer.send(early);
  await peer.response(200, 'NOTIFY');
  peer.reply(subscribe, 200, { tag: 'n', lines: [['Expires', '600']] });
  const dialog = await made;
  expect(notified).toEqual([dialog.id]);
  const heard: string[] = [];
  dialog.on('notify', (req: AppMessage, res: AppResponse) => {
    heard.push(req.get('Subscription-State'));
    res.send(200);
  });
  peer.send(
    peer.inAnsweredCall(subscribe, 'n', 'NOTIFY', {
      seq: 2,
      lines: [
        ['Event', 'presence'],
        ['Subscription-State', 'terminated'],
      ],
    }),
  );
  await peer.response(200, 'NOTIFY');
  await until(() => edge.figures.dialogs === 0);
  expect(heard).toEqual(['terminated']);
});

test('RFC 6665: a subscription that nobody refreshes is forgotten after its time', async () => {
  const { clock, edge, srf, peer } = await scene();
  srf.subscribe((req, res) => void srf.createUAS(req, res));
  peer.send(
    peer.newRequest('SUBSCRIBE', {
      lines: [
        ['Event', 'presence'],
        ['Expires', '600'],
      ],
    }),
  );
  await peer.response(202, 'SUBSCRIBE');
  await until(() => edge.figures.dialogs === 1);
  clock.advance(600_000);
  expect(edge.figures.dialogs).toBe(1);
  clock.advance(60_000);
  expect(edge.figures.dialogs).toBe(0);
});

test('RFC 3515: REFER both ways inside a call, and the NOTIFY that follows leaves the call alone', async () => {
  const { edge, srf, peer } = await scene();
  const made = new Promise<AppDialog>((resolve) => {
    srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: SDP }).then(resolve));
  });
  const invite = peer.invite();
  const answer = await peer.response(200, 'INVITE');
  peer.ack({ invite, answer });
  const dialog = await made;
  const heard: string[] = [];
  dialog.on('refer', (req: AppMessage, res: AppResponse) => {
    heard.push(req.get('Refer-To'));
    res.send(202);
  });
  peer.send(peer.inCall({ invite, answer }, 'REFER', { seq: 2, lines: [['Refer-To', '<sip:carol@example.com>']] }));
  const accepted = await peer.response(202, 'REFER');
  expect(accepted.headers.get('contact')).toContain(String(edge.sipPort));
  const notified = dialog.request({
    method: 'NOTIFY',
    headers: { Event: 'refer', 'Subscription-State': 'terminated', 'Content-Type': 'message/sipfrag' },
    body: 'SIP/2.0 200 OK',
  });
  peer.reply(await peer.request('NOTIFY'), 200);
  await notified;
  const referred = dialog.request({ method: 'REFER', headers: { 'Refer-To': '<sip:dave@example.com>' } });
  const refer = await peer.request('REFER');
  expect(refer.headers.get('contact')).toContain(String(edge.sipPort));
  peer.reply(refer, 202);
  expect((await referred).status).toBe(202);
  expect(heard).toEqual(['<sip:carol@example.com>']);
  expect(edge.figures.dialogs).toBe(1);
});

test('REGISTER, OPTIONS, MESSAGE, INFO and PUBLISH outside of a dialog go to an application and back', async () => {
  const { srf, peer } = await scene();
  const heard: string[] = [];
  for (const method of ['register', 'options', 'message', 'info', 'publish'] as const)
    srf[method]((req, res) => {
      heard.push(`${req.method} ${req.protocol} ${req.source_port === peer.port} ${req.stackDialogId}`);
      res.send(200, { headers: { 'X-Seen': method, ...(method === 'register' ? { Contact: req.get('Contact') } : {}) } });
    });
  for (const method of ['REGISTER', 'OPTIONS', 'MESSAGE', 'INFO', 'PUBLISH']) {
    peer.send(peer.newRequest(method));
    const response = await peer.response(200, method);
    expect(response.headers.get('x-seen')).toBe(method.toLowerCase());
    expect(toTag(response)).not.toBe('');
  }
  expect(heard).toEqual(['REGISTER', 'OPTIONS', 'MESSAGE', 'INFO', 'PUBLISH'].map((method) => `${method} udp true `));
});

test('RFC 3581: the answer goes to the port the request came from, which the application is shown', async () => {
  const { srf, peer } = await scene();
  const vias: string[] = [];
  srf.options((req, res) => {
    vias.push(req.get('Via'));
    res.send(200);
  });
  const options = peer.newRequest('OPTIONS');
  options.headers.set('Via', 'SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKnat');
  peer.send(options);
  await peer.response(200, 'OPTIONS');
  expect(vias[0]).toContain(`rport=${peer.port}`);
  expect(vias[0]).toContain('received=127.0.0.1');
});

test('an application that does not answer a BYE or an INFO leaves nothing behind', async () => {
  const { clock, edge, srf, peer } = await scene();
  srf.info(() => undefined);
  peer.send(peer.newRequest('INFO'));
  await until(() => edge.figures.incoming === 1);
  clock.advance(32_000);
  expect(edge.figures.incoming).toBe(0);
  clock.advance(64_000);
  expect(edge.figures.serverTransactions).toBe(0);
});
