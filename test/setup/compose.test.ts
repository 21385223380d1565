/** Dockerfile and compose.yaml against the environment schema: a renamed setting must not be forgotten there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { envSchema, loadEnv } from '../../config/env.ts';

const root = join(import.meta.dirname, '../..');
const compose = readFileSync(join(root, 'compose.yaml'), 'utf8');
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
const known = new Set(Object.keys(envSchema.shape));
/** Names of other programs in the same files. */
const foreign = new Set(['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB', 'VALKEY_PASSWORD', 'NODE_ENV', 'XDG_CACHE_HOME']);
/** What a person sets for compose only. */
const composeOnly = new Set(['REDIS_PASSWORD', 'DATABASE_PASSWORD', 'DRACHTIO_SECRET']);

const unknown = (names: string[]): string[] => names.filter((name) => !known.has(name) && !foreign.has(name) && !composeOnly.has(name));

/** The `NAME: value` pairs of the service, with those it takes over from shared blocks. */
function environmentOf(service: string): Record<string, string> {
  const block = (start: string): string =>
    compose.slice(compose.search(new RegExp(`^${start}:`, 'm'))).split(/\n(?= {0,2}[^\s#])/)[0] ?? '';
  const pairs = (text: string): [string, string][] =>
    [...text.matchAll(/^ +([A-Z][A-Z0-9_]+): (.+)$/gm)].map(([, name = '', value = '']) => [name, value]);
  const own = block(` {2}${service}`);
  const shared = compose.slice(compose.indexOf('x-app:'), compose.indexOf('x-voice:'));
  const voice = own.includes('<<: *voice') ? compose.slice(compose.indexOf('x-voice:'), compose.indexOf('services:')) : '';
  return Object.fromEntries([...pairs(shared), ...pairs(voice), ...pairs(own)]);
}

test('OPS compose: every environment name in compose.yaml is a setting', () => {
  const set = [...compose.matchAll(/^ +([A-Z][A-Z0-9_]+):/gm)].map(([, name]) => name as string);
  const read = [...compose.matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name]) => name as string);
  expect(set).toContain('SECRET_KEY');
  expect(unknown([...set, ...read])).toEqual([]);
});

test('OPS compose: every environment name in the Dockerfile is a setting', () => {
  const lines = [...dockerfile.matchAll(/^ENV (.+)$/gm)].map(([, line]) => line as string);
  const names = lines.flatMap((line) => [...line.matchAll(/([A-Z][A-Z0-9_]+)=/g)].map(([, name]) => name as string));
  expect(names).toContain('DATA_DIR');
  expect(unknown(names)).toEqual([]);
});

test.each([
  ['gateway', 'valkey:6379'],
  ['worker', 'valkey:6379'],
  ['sfu', 'valkey:6379'],
  ['edge', '127.0.0.1:6379'],
  ['rtp', '127.0.0.1:6379'],
  ['sip', '127.0.0.1:6379'],
])('OPS compose: the settings of service %s pass the schema, Redis at %s', (service, redis) => {
  const filled = Object.fromEntries(
    Object.entries(environmentOf(service)).map(([name, value]) => [
      name,
      value.replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1').replace(/\$\{([A-Z_]+)[^}]*\}/g, 'a-secret-of-more-than-32-characters'),
    ]),
  );
  const env = loadEnv(filled);
  expect(env.ROLES).toEqual([service]);
  expect(env.REDIS_URL).toContain(`@${redis}`);
  expect(env.DEMO).toBe(false);
});

test('OPS compose: Valkey is durable and never evicts', () => {
  expect(compose.replaceAll(/["\n -]+/g, ' ')).toMatch(/appendonly yes appendfsync always maxmemory policy noeviction/);
});

test('OPS compose: the image does not run as root', () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  expect(last).toMatch(/^USER node$/m);
});
