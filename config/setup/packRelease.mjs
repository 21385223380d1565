/**
 * Keeps the scripts of a release for the tests that run two releases on the same state: `node config/setup/packRelease.mjs <git ref> <version>`
 * writes `test/queues/releases/<version>.json`: every file under `queues/scripts` as it stood, and the hash of each script put together. Run it
 * when a release is tagged; the test keeps the one before the present.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const [ref, version] = process.argv.slice(2);
if (!ref || !version) {
  console.error('usage: node config/setup/packRelease.mjs <git ref> <version>');
  process.exit(2);
}

const git = (/** @type {string[]} */ ...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
const FOLDER = 'queues/scripts/';

/** @type {Record<string, string>} by path under queues/scripts */
const files = {};
for (const path of git('ls-tree', '-r', '--name-only', ref, FOLDER).trim().split('\n')) {
  if (path.endsWith('.lua')) files[path.slice(FOLDER.length)] = git('show', `${ref}:${path}`);
}

/** The same rule as `queues/scripts.ts`. @param {string} path @returns {string} */
function assemble(path) {
  return (files[path] ?? '').replace(/^-- @include (\w+)$/gm, (_, part) => assemble(`lib/${part}.lua`));
}

/** @type {Record<string, string>} */
const hashes = {};
for (const path of Object.keys(files)) {
  const name = /^(\w+)-1\.lua$/.exec(path)?.[1];
  if (name) hashes[name] = createHash('sha1').update(assemble(path)).digest('hex');
}

const target = join(root, 'test/queues/releases', `${version}.json`);
writeFileSync(target, `${JSON.stringify({ version, commit: git('rev-parse', ref).trim(), hashes, files }, null, 1)}\n`);
console.log(`${Object.keys(hashes).length} scripts of ${version} in ${target}`);
