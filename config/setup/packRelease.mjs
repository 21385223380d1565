/**
 * Keeps the scripts of a release for the tests that run two releases on the same state: `node config/setup/packRelease.mjs <git ref> <version>`
 * writes `test/queues/releases/<version>.corpus.json`: the plain scripts as that release itself puts them together, every line once, and each script's hash.
 * Run it when a release is tagged.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const [ref, version] = process.argv.slice(2);
if (!ref || !version) {
  console.error('usage: node config/setup/packRelease.mjs <git ref> <version>');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'centralino-release-'));
try {
  const archive = execFileSync('git', ['archive', ref, 'queues', 'package.json'], { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  const { loadScripts } = await import(pathToFileURL(join(folder, 'queues/scripts.ts')).href);

  /** @type {string[]} */
  const lines = [];
  /** @type {Map<string, number>} */
  const places = new Map();
  /** @type {Record<string, { sha: string, runs: string }>} */
  const scripts = {};
  for (const { name, text, sha } of loadScripts().values()) {
    /** @type {[number, number][]} */
    const runs = [];
    for (const line of text.split('\n')) {
      const place = places.get(line) ?? lines.push(line) - 1;
      places.set(line, place);
      const last = runs.at(-1);
      if (last && last[0] + last[1] === place) last[1]++;
      else runs.push([place, 1]);
    }
    scripts[name] = { sha, runs: runs.map(([from, count]) => `${from}+${count}`).join(' ') };
  }
  const target = join(root, 'test/queues/releases', `${version}.corpus.json`);
  writeFileSync(target, `${JSON.stringify({ version, lines, scripts }, null, 1)}\n`);
  console.log(`${Object.keys(scripts).length} scripts of ${version} in ${target}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
