/** `npm run simulate`: what it prints and writes, and how it ends when it is asked for nonsense. Its pictures are opened and looked at. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SimulationResult } from '../../queues/simulate/index.ts';
import { plainScenario } from '../support/simulations.ts';

const COMMAND = resolve(import.meta.dirname, '../../src/simulator/simulate.ts');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'centralino-command-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function simulate(...args: string[]): Promise<{ code: number | null; out: string; said: string }> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', said: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.said += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, ...text };
}

/** Its pixels as rows of red, green, blue. @throws when a part is broken */
function pixelsOf(png: Buffer): { width: number; height: number; at(x: number, y: number): number[] } {
  expect(png.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const length = png.readUInt32BE(33);
  expect(png.toString('latin1', 37, 41)).toBe('IDAT');
  const rows = inflateSync(png.subarray(41, 41 + length));
  expect(rows.length).toBe(height * (1 + width * 3));
  return { width, height, at: (x, y) => [...rows.subarray(y * (1 + width * 3) + 1 + x * 3).subarray(0, 3)] };
}

test('BEY-2 the command prints tables or JSON, and writes result, interactions and both pictures', { timeout: 60_000 }, async () => {
  const file = join(folder, 'plain.json');
  const out = join(folder, 'out');
  writeFileSync(file, JSON.stringify(plainScenario({ to: '09:00', repetitions: 2 })));
  const shown = await simulate(file, '--out', out, '--seed', '7');
  expect(shown).toMatchObject({ code: 0 });
  expect(shown.out).toMatch(/^plain · seed 7 · 2 runs; ± is the 95 % confidence interval/);
  expect(shown.out).toMatch(/service level = answered within the time \/ \(answered \+ abandoned after the time\)/);
  expect(shown.out).toMatch(/\ncalls {2,}\d+ ±\d+ /);
  expect(readdirSync(out).sort()).toEqual(['interactions.csv', 'plot.png', 'plot.svg', 'result.json']);

  const json = await simulate(file, '--out', out, '--seed', '7', '--json');
  const result = JSON.parse(json.out) as SimulationResult;
  expect(result).toEqual(JSON.parse(readFileSync(join(out, 'result.json'), 'utf8')));
  expect(result).toMatchObject({
    scenario: 'plain',
    seed: 7,
    repetitions: 2,
    queues: [{ id: 'calls' }],
    agents: [{ name: 'team', count: 3 }],
  });
  const lines = readFileSync(join(out, 'interactions.csv'), 'utf8').trim().split('\n');
  expect(lines[0]).toBe('at,queue,handle,patience,skills,priority,medium,waited,agent,end,offers,missed');
  expect(lines.length - 1).toBeGreaterThan(50);

  const svg = readFileSync(join(out, 'plot.svg'), 'utf8');
  for (const title of ['clients per interval', 'waiting', 'agents', 'service level']) expect(svg).toContain(`>${title}</text>`);
  expect(svg.trimEnd().endsWith('</svg>')).toBe(true);
  const png = pixelsOf(readFileSync(join(out, 'plot.png')));
  const [, width = 0, height = 0] = (/width="(\d+)" height="(\d+)"/.exec(svg) ?? []).map(Number);
  expect([png.width, png.height]).toEqual([2 * width, 2 * height]);
  expect(png.at(2, 2), 'background').toEqual([255, 255, 255]);
  const drawn = new Set<string>();
  for (let y = 0; y < png.height; y++) for (let x = 0; x < png.width; x++) drawn.add(png.at(x, y).join());
  // The ink of the title, the first curve's blue, the grid.
  for (const colour of ['31,41,51', '0,114,178', '217,226,236']) expect(drawn).toContain(colour);
});

test('BEY-2 a wrong scenario ends the command with what to mend, a wrong command line with its usage', { timeout: 60_000 }, async () => {
  const file = join(folder, 'wrong.json');
  writeFileSync(file, JSON.stringify(plainScenario({ queue: { handling: 'long' }, from: 'dawn' })));
  const wrong = await simulate(file);
  expect(wrong).toMatchObject({ code: 2, out: '' });
  expect(wrong.said).toMatch(
    /wrong\.json cannot be simulated:\n {2}from: expected a time of day.*\n {2}queues\[0\]\.handling: expected a number of seconds/,
  );
  expect(await simulate()).toMatchObject({ code: 2, said: expect.stringMatching(/^usage: npm run simulate -- scenario\.json/) });
  expect(await simulate(file, '--seed', 'x')).toMatchObject({
    code: 2,
    said: expect.stringMatching(/^--seed: expected a whole number, found "x"/),
  });
  expect(await simulate(file, '--fast')).toMatchObject({ code: 2, said: expect.stringMatching(/Unknown option '--fast'/) });
});
