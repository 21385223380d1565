/** Digest as the RFCs print it, and what strangers send in its place. */
import { describe, expect, test } from 'vitest';
import { authorizationText, challengeText, ha1Of, isRight, parseChallenge, parseCredentials } from '../../sip/registrar/digest.ts';
import { NONCE_MS, Nonces } from '../../sip/registrar/nonces.ts';

const EXAMPLE =
  'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=ALGORITHM, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ' +
  'nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="RESPONSE", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';

describe('digest', () => {
  test.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const)('RFC 7616 3.9.1 the example with %s is right, and with another password wrong', (algorithm, response) => {
    const credentials = parseCredentials(EXAMPLE.replace('ALGORITHM', algorithm).replace('RESPONSE', response));
    if (!credentials) throw new Error('not read');
    const ha1 = (password: string) => ha1Of(algorithm, 'Mufasa', 'http-auth@example.org', password);
    expect(isRight('GET', credentials, ha1('Circle of Life'))).toBe(true);
    expect(isRight('GET', credentials, ha1('Circle of life'))).toBe(false);
    expect(isRight('REGISTER', credentials, ha1('Circle of Life'))).toBe(false);
  });

  test.each([true, false])('RFC 3261 22.4 what we answer a challenge with is right by our own check (qop: %s)', (hasQop) => {
    const text = challengeText({ realm: 'provider', nonce: 'abc', algorithm: 'SHA-256', isStale: true });
    const challenge = parseChallenge(hasQop ? text : text.replace(', qop="auth"', ''));
    expect(challenge).toEqual({ realm: 'provider', nonce: 'abc', algorithm: 'SHA-256', opaque: undefined, hasQop, isStale: true });
    if (!challenge) throw new Error('not read');
    const said = { method: 'REGISTER', uri: 'sip:p', username: 'a"b', password: 'secret', cnonce: 'c', count: 1 };
    const header = authorizationText(challenge, said);
    const credentials = parseCredentials(header);
    expect(credentials?.username).toBe('a"b');
    expect(credentials && isRight('REGISTER', credentials, ha1Of('SHA-256', 'a"b', 'provider', 'secret'))).toBe(true);
  });

  test.each([
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
    'Digest',
    'Digest username="a", realm="r", nonce="n", uri="u", response="short"',
    `Digest username="a", realm="r", nonce="n", uri="u", response="${'0'.repeat(32)}", algorithm=MD5-sess`,
    `Digest username="a", realm="r", nonce="n", uri="u", response="${'0'.repeat(32)}", qop=auth-int, nc=00000001, cnonce="c"`,
    `Digest username="a", realm="r", nonce="n", uri="u", response="${'0'.repeat(32)}", qop=auth, nc=1, cnonce="c"`,
    `Digest username="a", username="b", realm="r", nonce="n", uri="u", response="${'0'.repeat(32)}"`,
    `Digest username="${'a'.repeat(3_000)}", realm="r", nonce="n", uri="u", response="${'0'.repeat(32)}"`,
    `Digest __proto__=x, username="a"`,
  ])('SEC credentials that are malformed, or of a kind that was not offered, are none: %#', (header) => {
    expect(parseCredentials(header)).toBeUndefined();
  });

  test('RFC 7616 3.3 a nonce is known by every node with the secret, for its time, and by no other', () => {
    let now = 1_000_000_000_000;
    const [one, two, foreign] = ['key', 'key', 'another'].map((secretKey) => new Nonces({ secretKey, now: () => now }));
    const nonce = one?.make() ?? '';
    expect(two?.isFresh(nonce)).toBe(true);
    expect(foreign?.isFresh(nonce)).toBe(false);
    expect(two?.isFresh(nonce.replace(/^./, 'x'))).toBe(false);
    expect(two?.isFresh('')).toBe(false);
    now += NONCE_MS + 1;
    expect(two?.isFresh(nonce)).toBe(false);
  });
});
