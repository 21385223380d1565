/**
 * The SIP application does not know which server it talks to (issue of part 3): what a server is to it is a name, an address and a secret; nowhere in its code is a kind
 * of server named, asked for or compared with. Where addresses come from (`app/servers.ts`) is the one place that may. Imports are checked by
 * `config/dependencyRules.mjs`: only `sip/app` imports drachtio-srf, and nothing here imports the edge.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['sip/app', 'sip/flows', 'sip/registrar'];
const WHERE_ADDRESSES_COME_FROM = 'sip/app/servers.ts';

const BRANCHES: readonly (readonly [string, RegExp])[] = [
  ['the name of a product', /drachtio(?!-srf)|\b(?:embedded|kamailio|opensips|asterisk|freeswitch)\b/i],
  ['a flag that says what the server is', /\b(?:is|has|uses|on|when|if)_?(?:Edge|Embedded|OurServer|OwnServer|Drachtio)\b/],
  [
    'a kind, type, vendor, product or version of a server',
    /\b(?:server|link|edge|address)\??\.(?:kind|type|vendor|product|version|software|flavou?r)\b/i,
  ],
  ['what the server says of itself', /\.(?:get|has)\(\s*['"`]server['"`]\s*\)/i],
  ["the word 'edge' as a value", /(['"`])(?:edge|the edge|our edge)\1/i],
  ["a server's name compared with a text", /\b(?:edge|server|serverName)\s*[!=]==?\s*['"`][^'"`]/],
  ['an environment that tells servers apart', /\bDRACHTIO_|process\.env/],
];

/** Comments may speak of servers; strings and code may not. */
const codeOf = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|[^:'"`])\/\/.*$/gm, '$1');
const branchesIn = (text: string): string[] =>
  codeOf(text)
    .split('\n')
    // Imports have rules of their own.
    .filter((line) => !/^\s*(?:import|export)\b.*\bfrom\b/.test(line))
    .flatMap((line) => BRANCHES.filter(([, pattern]) => pattern.test(line)).map(([what]) => `${what}: ${line.trim()}`));

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
).filter((file) => file.endsWith('.ts'));

test.each(files.filter((file) => file !== WHERE_ADDRESSES_COME_FROM))('WIRE %s names no kind of server', (file) => {
  expect(branchesIn(readFileSync(join(ROOT, file), 'utf8'))).toEqual([]);
});

test('WIRE what an address of a server tells is no kind', () => {
  const link = readFileSync(join(ROOT, 'sip/app/link.ts'), 'utf8');
  const fields = /interface ServerAddress \{([^}]*)\}/.exec(codeOf(link))?.[1]?.match(/\b\w+(?=\??:)/g);
  expect(fields).toEqual(['name', 'host', 'port', 'secret']);
});

test.each([
  "if (server.kind === 'edge') return;",
  'const isEdge = env.DRACHTIO_HOST === undefined;',
  'if (isEmbedded) adopt();',
  "if (link.server.version.startsWith('0.9')) retry();",
  "if (response.get('Server')) return;",
  "if (edge !== 'drachtio-server') return;",
  "const which = nodes('edge');",
])('WIRE the check itself finds a branch: %s', (line) => expect(branchesIn(line)).not.toEqual([]));
