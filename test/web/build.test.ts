/** What the build makes: small enough, keyed by content, and not built twice. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { buildWeb } from '../../src/web/build.ts';
import { webDist } from './support/webDist.ts';

const folder = mkdtempSync(join(tmpdir(), 'centralino-build-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WIDGET_MAX_BYTES = 45 * 1024;

test('WID-1 the widget is at most 45 kB gzip', async () => {
  const size = gzipSync(readFileSync(join(await webDist(), 'widget.js')), { level: 9 }).length;
  expect(size).toBeLessThanOrEqual(WIDGET_MAX_BYTES);
});

test('WID-1 what calls need comes with the first call: the widget has nothing of it, and it is at most 80 kB gzip', async () => {
  const size = gzipSync(readFileSync(join(await webDist(), 'widget-call.js')), { level: 9 }).length;
  expect(size).toBeLessThanOrEqual(80 * 1024);
  expect(readFileSync(join(await webDist(), 'widget.js'), 'utf8')).not.toMatch(/RTCPeerConnection|getUserMedia/);
});

test('WID-1 the widget evaluates nothing and sets no style attributes, so a strict policy does not stop it', async () => {
  const code = readFileSync(join(await webDist(), 'widget.js'), 'utf8');
  expect(code).not.toMatch(/\beval\(|new Function\(|setAttribute\((["'`])style\1/);
});

test('the web clients are built once: nothing is done while the sources stay, and a damaged record is built over', async () => {
  expect(await buildWeb(join(folder, 'web'))).toBe(true);
  expect(await buildWeb(join(folder, 'web'))).toBe(false);
  writeFileSync(join(folder, 'web/build.json'), '{"key": "ab');
  expect(await buildWeb(join(folder, 'web'))).toBe(true);
});
