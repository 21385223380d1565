/** ACC-2: invitation, password, second factor, sessions, and what guards them. */
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { type Answer, Center, invitationToken, PASSWORD, type Tenant } from './support/center.ts';

let center: Center;
let owner: Tenant;
beforeAll(async () => {
  center = await Center.start();
  owner = await center.tenant('Acme');
});
afterAll(() => center.close());

const me = (token: string) => center.call('GET /api/v1/auth/me', { as: token });
const codeAt = (secret: string, timestamp: number): string => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
/** A code for each of the steps that are accepted now: earlier, present, next. */
const codesNow = (secret: string): [string, string, string] =>
  [-30_000, 0, 30_000].map((shift) => codeAt(secret, Date.now() + shift)) as [string, string, string];

async function withSecondFactor(): Promise<{ email: string; token: string; secret: string; recoveryCodes: string[] }> {
  const person = await center.person(owner.token);
  const { body } = await center.call('POST /api/v1/auth/totp/enrol', { as: person.token, body: { password: PASSWORD } });
  const confirmed = await center.call('POST /api/v1/auth/totp/confirm', { as: person.token, body: { code: codesNow(body.secret)[0] } });
  expect(confirmed.status).toBe(200);
  return { ...person, secret: body.secret, recoveryCodes: confirmed.body.recoveryCodes };
}

describe('ACC-2 invitation', () => {
  test('ACC-2 the invited person sees who invites, chooses a password, is signed in, and the link works no second time', async () => {
    const invited = await center.call('POST /api/v1/users', { as: owner.token, body: { email: 'Anna@Acme.Example', name: 'Anna' } });
    expect(invited.body.user).toMatchObject({ email: 'anna@acme.example', status: 'invited', role: 'member' });
    expect(invited.body.invitation.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/desk\/#\/invitation\/ci_/);
    const token = invitationToken(invited.body.invitation.url);
    expect((await center.signIn('anna@acme.example')).status).toBe(401);
    expect((await center.call('POST /api/v1/auth/invitations/read', { body: { token } })).body).toEqual({
      accountName: 'Acme',
      email: 'anna@acme.example',
      name: 'Anna',
    });
    expect((await center.call('POST /api/v1/auth/invitations/accept', { body: { token, password: 'short' } })).status).toBe(422);
    const [first, second] = await Promise.all(
      [0, 1].map(() => center.call('POST /api/v1/auth/invitations/accept', { body: { token, password: PASSWORD, transport: 'token' } })),
    );
    expect([first?.status, second?.status].sort()).toEqual([200, 410]);
    const session = first?.status === 200 ? first : second;
    expect((await me(session?.body.token)).body.user).toMatchObject({ name: 'Anna', role: 'member' });
    expect((await center.signIn('ANNA@acme.example')).status).toBe(200);
    expect((await center.call('POST /api/v1/auth/invitations/read', { body: { token } })).status).toBe(410);
  });

  test('ACC-2 a renewed invitation voids the earlier link, and one that is too old is gone', async () => {
    const { body } = await center.call('POST /api/v1/users', { as: owner.token, body: { email: 'late@acme.example', name: 'Late' } });
    const renewed = await center.call(`POST /api/v1/users/${body.user.id}/invitation`, { as: owner.token });
    expect(
      (await center.call('POST /api/v1/auth/invitations/read', { body: { token: invitationToken(body.invitation.url) } })).status,
    ).toBe(410);
    const token = invitationToken(renewed.body.url);
    expect((await center.call('POST /api/v1/auth/invitations/read', { body: { token } })).status).toBe(200);
    await center.database.pool.query("update invitation set expires_at = now() - interval '1 second' where user_id = $1", [body.user.id]);
    expect((await center.call('POST /api/v1/auth/invitations/accept', { body: { token, password: PASSWORD } })).status).toBe(410);
  });

  test('ACC-2 one e-mail is one person in the whole system', async () => {
    const other = await center.tenant('Twin');
    expect(
      await center.call('POST /api/v1/users', { as: other.token, body: { email: owner.email.toUpperCase(), name: 'Twin' } }),
    ).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });
});

describe('ACC-2 password', () => {
  test('ACC-2 an unknown e-mail, a wrong password and a person who is switched off get the same answer', async () => {
    const person = await center.person(owner.token);
    const off = await center.person(owner.token);
    await center.call(`PATCH /api/v1/users/${off.id}`, { as: owner.token, body: { status: 'inactive', version: 2 } });
    const answers = [
      await center.signIn('nobody@acme.example'),
      await center.signIn(person.email, 'wrong password'),
      await center.signIn(off.email),
    ];
    const withoutIds = ({ status, headers, body }: Answer) => ({ status, headers: Object.keys(headers), body: { ...body, requestId: '' } });
    for (const answer of answers) expect(withoutIds(answer)).toEqual({ ...withoutIds(answers[0] as Answer), status: 401 });
    expect(answers[0]?.body.code).toBe('wrong_credentials');
  });

  test('ACC-2 five wrong passwords lock the e-mail, the right one included, and many at once do not pass together', async () => {
    const person = await center.person(owner.token);
    const wrong = await Promise.all(
      Array.from({ length: 12 }, (_, index) => center.signIn(person.email, `guess number ${index}`, `198.51.100.${index}`)),
    );
    expect(wrong.map((answer) => answer.status).sort()).toEqual([...Array(5).fill(401), ...Array(7).fill(429)]);
    const locked = await center.signIn(person.email);
    expect(locked).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(0);
    expect((await me(person.token)).status).toBe(200);
  });

  test('ACC-2 right passwords do not count: a person may sign in often', async () => {
    const person = await center.person(owner.token);
    for (let round = 0; round < 8; round++) expect((await center.signIn(person.email)).status).toBe(200);
  });

  test('ACC-2 one address, or one network of IPv6, may not guess for many e-mails', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 51; index++)
      statuses.push((await center.signIn(`person${index}@guessed.example`, 'guess guess', `2001:db8::${index}`)).status);
    expect(statuses.slice(0, 50)).toEqual(Array(50).fill(401));
    expect(statuses[50]).toBe(429);
  });

  test('ACC-2 changing the password asks for the old one and ends all other sessions', async () => {
    const person = await center.person(owner.token);
    const other = (await center.signIn(person.email)).body.token;
    const change = (current: string) =>
      center.call('POST /api/v1/auth/password', { as: person.token, body: { current, next: 'another long password' } });
    expect((await change('not the old one')).status).toBe(401);
    expect((await change(PASSWORD)).status).toBe(204);
    expect([(await me(person.token)).status, (await me(other)).status]).toEqual([200, 401]);
    expect((await center.signIn(person.email)).status).toBe(401);
    expect((await center.signIn(person.email, 'another long password')).status).toBe(200);
  });
});

describe('ACC-2 second factor', () => {
  test('ACC-2 with TOTP on, the password alone opens nothing; the code does, and no code works twice', async () => {
    const person = await withSecondFactor();
    const half = await center.signIn(person.email);
    expect(half.body.stage).toBe('second_factor');
    expect((await me(half.body.token)).status).toBe(401);
    const [, present] = codesNow(person.secret);
    const passed = await center.call('POST /api/v1/auth/second-factor', { as: half.body.token, body: { code: present } });
    expect(passed).toMatchObject({ status: 200, body: { stage: 'full' } });
    expect((await me(half.body.token)).status).toBe(200);
    const again = await center.signIn(person.email);
    expect((await center.call('POST /api/v1/auth/second-factor', { as: again.body.token, body: { code: present } })).status).toBe(401);
  });

  test('ACC-2 five wrong codes lock the second factor over all sessions and addresses, and it is in the audit log', async () => {
    const person = await withSecondFactor();
    const halves = await Promise.all([0, 1].map(async () => (await center.signIn(person.email)).body.token as string));
    const wrong = codesNow(person.secret).includes('000000') ? '111111' : '000000';
    const statuses: number[] = [];
    for (let index = 0; index < 6; index++) {
      statuses.push(
        (await center.call('POST /api/v1/auth/second-factor', { as: halves[index % 2], ip: `198.51.100.${index}`, body: { code: wrong } }))
          .status,
      );
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    expect(
      (await center.call('POST /api/v1/auth/second-factor', { as: halves[0], body: { code: codesNow(person.secret)[2] } })).status,
    ).toBe(429);
    const audit = await center.call('GET /api/v1/audit', { as: owner.token, query: { what: 'second_factor.' } });
    const actions = audit.body.items.map((entry: { action: string }) => entry.action);
    expect(actions.filter((action: string) => action === 'second_factor.refused')).toHaveLength(6);
    expect(actions.filter((action: string) => action === 'second_factor.locked')).toHaveLength(1);
  });

  test('ACC-2 a recovery code stands in for a lost phone, once; an administrator can switch the factor off', async () => {
    const person = await withSecondFactor();
    expect(person.recoveryCodes).toHaveLength(10);
    const use = async (code = '') =>
      center.call('POST /api/v1/auth/second-factor', { as: (await center.signIn(person.email)).body.token, body: { code } });
    expect((await use(person.recoveryCodes[0]?.toUpperCase())).status).toBe(200);
    expect((await use(person.recoveryCodes[0])).status).toBe(401);
    const { id } = (await me(person.token)).body.user;
    expect((await center.call(`DELETE /api/v1/users/${id}/second-factor`, { as: owner.token })).status).toBe(204);
    expect((await center.signIn(person.email)).body.stage).toBe('full');
  });

  test('ACC-2 the secret is sealed at rest, and is not on before a first code confirmed it', async () => {
    const person = await center.person(owner.token);
    expect((await center.call('POST /api/v1/auth/totp/enrol', { as: person.token, body: { password: 'wrong password' } })).status).toBe(
      401,
    );
    const { body } = await center.call('POST /api/v1/auth/totp/enrol', { as: person.token, body: { password: PASSWORD } });
    expect(body.uri).toMatch(/^otpauth:\/\/totp\/Centralino:/);
    expect((await center.signIn(person.email)).body.stage).toBe('full');
    const { rows } = await center.database.pool.query('select totp_secret from app_user where id = $1', [person.id]);
    expect(rows[0].totp_secret).toMatch(/^v1\./);
    expect(rows[0].totp_secret).not.toContain(body.secret);
  });
});

describe('ACC-2 sessions', () => {
  test('ACC-2 own sessions are listed; ending one or all others works at once', async () => {
    const person = await center.person(owner.token);
    const [second, third] = [(await center.signIn(person.email)).body.token, (await center.signIn(person.email)).body.token];
    const list = (await center.call('GET /api/v1/auth/sessions', { as: person.token })).body.items;
    expect(list).toHaveLength(3);
    expect(list.filter((session: { isCurrent: boolean }) => session.isCurrent)).toHaveLength(1);
    expect(list[0]).toMatchObject({ ip: '192.0.2.1', userAgent: 'test agent' });
    const secondId = (await me(second)).body.sessionId;
    expect((await center.call(`DELETE /api/v1/auth/sessions/${secondId}`, { as: person.token })).status).toBe(204);
    expect((await me(second)).status).toBe(401);
    expect((await center.call('DELETE /api/v1/auth/sessions', { as: person.token })).body).toEqual({ ended: 1 });
    expect([(await me(third)).status, (await me(person.token)).status]).toEqual([401, 200]);
  });

  test('ACC-2 a session of somebody else is not found, even in the same account', async () => {
    const [one, two] = [await center.person(owner.token), await center.person(owner.token)];
    const { sessionId } = (await me(two.token)).body;
    expect((await center.call(`DELETE /api/v1/auth/sessions/${sessionId}`, { as: one.token })).status).toBe(404);
    expect((await me(two.token)).status).toBe(200);
  });

  test('ACC-2 signing out ends the session and removes the cookie', async () => {
    const person = await center.person(owner.token);
    const out = await center.call('POST /api/v1/auth/sign-out', { as: person.token });
    expect(out.status).toBe(204);
    expect(out.headers['set-cookie']).toMatch(/^centralino=; .*Max-Age=0/);
    expect((await me(person.token)).status).toBe(401);
  });

  test('ACC-2 the cookie is kept from scripts and other sites, and a change by cookie needs the proof of our own page', async () => {
    const person = await center.person(owner.token);
    const body = { email: person.email, password: PASSWORD };
    const signedIn = await center.call('POST /api/v1/auth/sign-in', { body });
    expect(signedIn.body).toEqual({ stage: 'full' });
    expect(signedIn.headers['set-cookie']).toMatch(/^centralino=cs_[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const secure = await center.call('POST /api/v1/auth/sign-in', { body, headers: { 'x-forwarded-proto': 'https' } });
    expect(secure.headers['set-cookie']).toMatch(/; Secure$/);
    const cookie = `other=1; ${signedIn.headers['set-cookie']?.split(';')[0]}`;
    expect((await center.call('GET /api/v1/auth/me', { headers: { cookie } })).status).toBe(200);
    const signOut = (headers: Record<string, string>) => center.call('POST /api/v1/auth/sign-out', { headers: { cookie, ...headers } });
    expect((await signOut({})).status).toBe(403);
    expect((await signOut({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await signOut({ 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await signOut({ 'x-centralino': '1' })).status).toBe(204);
  });

  test('ACC-2 forged, cut and foreign tokens are nobody', async () => {
    const { token } = await center.person(owner.token);
    const flipped = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    for (const forged of [
      flipped,
      token.slice(0, -1),
      token.replace(/^cs_\d+/, 'cs_64'),
      'cs_',
      'ck_000000000000_x',
      'ü',
      'a'.repeat(3_000),
    ]) {
      expect((await me(forged)).status).toBe(401);
    }
  });

  test('ACC-2 with PostgreSQL away, people who are signed in stay it, see their sessions and sign out', async () => {
    const own = await Center.start();
    try {
      const tenant = await own.tenant('Dark');
      await own.call('GET /api/v1/auth/me', { as: tenant.token });
      await own.loseDatabase();
      expect((await own.call('GET /api/v1/auth/me', { as: tenant.token })).body.account).toMatchObject({ name: 'Dark', isActive: true });
      expect((await own.call('GET /api/v1/auth/sessions', { as: tenant.token })).body.items).toHaveLength(1);
      expect((await own.call('POST /api/v1/auth/sign-out', { as: tenant.token })).status).toBe(204);
      await until(async () => (await own.call('GET /api/v1/auth/me', { as: tenant.token })).status === 401);
    } finally {
      await own.close();
    }
  });
});
