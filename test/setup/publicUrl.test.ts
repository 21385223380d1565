/** PUBLIC_HOST and PUBLIC_PORT: one host for browsers, phones and media, and the address that links and the start name. */
import { expect, test } from 'vitest';
import { loadEnv } from '../../config/env.ts';
import { configuredUrl } from '../../config/publicUrl.ts';
import { addresses } from '../../src/supervisor/welcome.ts';

const urlOf = (settings: Record<string, string>): string => configuredUrl(loadEnv(settings));

test('OPS public address: a name, with the port that people use; behind a proxy HTTPS on the usual one', () => {
  expect(urlOf({})).toBe('');
  expect(urlOf({ PUBLIC_HOST: 'center.example' })).toBe('http://center.example:8080');
  expect(urlOf({ PUBLIC_HOST: 'center.example', HTTP_PORT: '80' })).toBe('http://center.example');
  expect(urlOf({ PUBLIC_HOST: 'center.example', TRUST_PROXY: '1' })).toBe('https://center.example');
  expect(urlOf({ PUBLIC_HOST: 'center.example', TRUST_PROXY: '1', PUBLIC_PORT: '8443' })).toBe('https://center.example:8443');
});

test('OPS public address: an IPv6 address stands in brackets where it is a URL, and bare where it is a host', () => {
  for (const PUBLIC_HOST of ['2001:db8::7', '[2001:db8::7]']) {
    expect(loadEnv({ PUBLIC_HOST }).PUBLIC_HOST).toBe('2001:db8::7');
    expect(urlOf({ PUBLIC_HOST })).toBe('http://[2001:db8::7]:8080');
  }
});

test('OPS public address: what is no host is refused, a port in it with where it belongs', () => {
  for (const PUBLIC_HOST of ['center.example:8443', '[2001:db8::7]:8443', 'http://center', 'center/desk', '2001:db8', '[center]:1'])
    expect(() => loadEnv({ PUBLIC_HOST })).toThrow(/PUBLIC_HOST: .*a port in PUBLIC_PORT/);
});

test('OPS start: the first address that is printed is the one that works from outside', () => {
  expect(addresses(loadEnv({ PUBLIC_HOST: 'center.example', TRUST_PROXY: '1', HTTP_HOST: '127.0.0.1' }))).toEqual([
    'https://center.example',
    'http://127.0.0.1:8080',
  ]);
});
