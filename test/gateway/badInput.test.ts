/** Requests that a clumsy or hostile client sends: each gets an error of its own, none becomes a fault of ours (API-1). */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Tenant, World } from './support/world.ts';

let world: World;
let tenant: Tenant;

beforeAll(async () => {
  world = await World.start();
  tenant = await world.tenant();
});
afterAll(() => world.close());

test('API-1 what nothing can hold (NUL, half characters, times and ids beyond all calendars) is the caller’s error, never ours', async () => {
  const as = tenant.owner.token;
  const far = `int_${'z'.repeat(26)}`;
  const cursor = (...parts: string[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const paths: [number, string][] = [
    ...['users', 'queues', 'groups', 'interactions'].map((kind): [number, string] => [404, `${kind}/%00`]),
    ...['', '/messages', '/transcript.txt'].map((rest): [number, string] => [404, `interactions/${far}${rest}`]),
    ...[
      'users?search=%00',
      'users?queue=a%00b',
      'queues?search=%00',
      'audit?who=%00',
      'interactions?name=%00',
      'interactions?queue=%00',
    ].map((query): [number, string] => [422, query]),
    ...['users', 'queues', 'groups'].map((kind): [number, string] => [422, `${kind}?cursor=${cursor('\0', 'x')}`]),
    ...['keys', 'audit', 'interactions'].map((kind): [number, string] => [422, `${kind}?cursor=${cursor('\0')}`]),
    [422, `interactions?cursor=${cursor(far)}`],
    ...['audit', 'audit.csv', 'interactions'].flatMap((kind): [number, string][] =>
      ['from=9e15', 'to=-9e15', 'from=8640000000000000'].map((time) => [422, `${kind}?${time}`]),
    ),
  ];
  for (const [status, path] of paths)
    expect({ path, status: (await world.call(`GET /api/v1/${path}`, { as })).status }).toEqual({ path, status });
  const bodies: [string, object, string][] = [
    ['POST /api/v1/queues', { name: 'a\0b' }, 'name'],
    ['POST /api/v1/queues', { name: 'a', outcomes: [{ id: 'a', name: '\ud800', kind: 'OK' }] }, 'outcomes.0.name'],
    ['POST /api/v1/groups', { name: 'a', queueId: tenant.queue, texts: { en: { welcome: '\0' } } }, 'texts.en.welcome'],
    ['POST /api/v1/users', { email: 'nul@example.com', name: 'a\udfff' }, 'name'],
    ['POST /api/v1/keys', { name: '\0', type: 'rest' }, 'name'],
  ];
  for (const [request, body, path] of bodies) {
    const answer = await world.call(request, { as, body });
    expect({ request, status: answer.status, path: answer.body.errors?.[0]?.path }).toEqual({ request, status: 422, path });
  }
});

test('API-1 If-Match and a version in the body that disagree change nothing', async () => {
  const { version } = (await world.call(`GET /api/v1/queues/${tenant.queue}`, { as: tenant.owner.token })).body;
  const patch = (seen: number) =>
    world.call(`PATCH /api/v1/queues/${tenant.queue}`, {
      as: tenant.owner.token,
      body: { priority: 7, version },
      headers: { 'if-match': `"${seen}"` },
    });
  expect((await patch(version + 1)).status).toBe(409);
  expect((await patch(version)).body).toMatchObject({ priority: 7, version: version + 1 });
});

test('API-1 a Host that is none stands in no link', async () => {
  const request = (host: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(world.port, '127.0.0.1');
      let answer = '';
      socket.on('data', (data) => {
        answer += String(data);
        if (answer.includes('</script>')) socket.destroy();
      });
      socket.on('close', () => resolve(answer));
      socket.write(
        `GET /api/v1/groups/${tenant.group.id}/snippet HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${tenant.owner.token}\r\n\r\n`,
      );
    });
  expect(await request('center.example:8443')).toContain('http://center.example:8443/widget.js');
  expect(await request('x"><img src=y>')).toContain('http://localhost/widget.js');
});
