/** What `npm test` and `npm start` do about system packages, with an `apt-get` and a `sudo` that only write down what they are asked. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const system = join(import.meta.dirname, '../../config/setup/system.mjs');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'centralino-packages-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An executable on the only PATH there is. */
function place(name: string, lines: readonly string[]): void {
  writeFileSync(join(folder, name), `${['#!/bin/sh', ...lines].join('\n')}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** `apt-get` knows `known` and becomes able to install once its lists are fresh; `sudo` lets everything. */
function placeApt(known: string): void {
  symlinkSync('/usr/bin/env', join(folder, 'env'));
  place('sudo', ['shift', '[ "$1" = true ] || exec "$@"']);
  place('apt-get', [
    `for word in "$@"; do last="$word"; case "$word" in update) : > '${folder}/lists';; esac; done`,
    `echo "$@" | /bin/sed 's/.*Retries=1 //' >> '${folder}/asked'`,
    `[ -e '${folder}/lists' ] || { echo 'E: no lists' >&2; exit 100; }`,
    `case "$*" in *unknown*) echo 'E: Unable to locate package unknown' >&2; exit 100;; esac`,
    `[ "$last" = update ] || { printf '#!/bin/sh\\n' > '${folder}/${known}'; /bin/chmod +x '${folder}/${known}'; }`,
  ]);
}

async function ensure(needs: readonly object[]): Promise<string> {
  const script = `
    const { ensurePackages } = await import(${JSON.stringify(system)});
    const end = await ensurePackages(${JSON.stringify(needs)}, { purpose: 'the test', say: () => undefined }).then(() => 'ready', ({ name, message }) => name + ': ' + message);
    console.log(end);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: { PATH: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  return output.trim();
}

const asked = (): string[] => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');

test('OPS setup: what is missing is installed, after the lists were fetched when they are old; what is there is not asked for', async () => {
  placeApt('wanted');
  expect(
    await ensure([
      { package: 'wanted', programs: ['wanted'] },
      { package: 'sh', files: ['/bin/sh'] },
    ]),
  ).toBe('ready');
  expect(asked()).toEqual(['install -y --no-install-recommends wanted', 'update', 'install -y --no-install-recommends wanted']);
});

test('OPS setup: a package that this system does not know does not keep the others away, and is named', async () => {
  placeApt('wanted');
  const needs = [
    { package: 'wanted', programs: ['wanted'] },
    { package: 'unknown', programs: ['unknown'] },
  ];
  expect(await ensure(needs)).toMatch(/^SetupError: "apt-get install -y unknown" failed:/);
  expect(asked()).toContain('install -y --no-install-recommends wanted');
});

test('OPS setup: where the better program cannot be had, another one that is there will do', async () => {
  placeApt('wanted');
  place('other', []);
  expect(await ensure([{ package: 'unknown', programs: ['unknown'], instead: ['other'] }])).toBe('ready');
});

test('OPS setup: without apt-get a person is told what to install', async () => {
  expect(await ensure([{ package: 'wanted', programs: ['wanted'] }])).toBe(
    "SetupError: the test needs: wanted. Install them with your system's package tool, then try again.",
  );
});
