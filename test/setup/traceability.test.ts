/** Every required behaviour that the README claims, and every invariant, is named by the title of a test. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** What is built so far; a part that adds rows adds them here. */
const CLAIMED = [
  'ACC-1',
  'ACC-2',
  'ACC-4',
  'ACC-5',
  'ACC-8',
  'ACC-10',
  'ACC-11',
  'API-1',
  'API-2',
  'API-4',
  'APP-6',
  'BEY-2',
  'BEY-3',
  'BEY-4',
  'BEY-5',
  'CHT-2',
  'CHT-6',
  'CHT-9',
  'CHT-10',
  'CHT-15',
  'CHT-18',
  'CHT-19',
  'GRP-1',
  'GRP-2',
  'GRP-5',
  'HIS-1',
  'HIS-2',
  'RTE-1',
  'RTE-2',
  'RTE-3',
  'RTE-4',
  'RTE-5',
  'RTE-6',
  'RTE-7',
  'RTE-8',
  'RTE-9',
  'RTE-10',
  'RTE-11',
  'RTE-12',
  'WID-1',
  'WID-6',
  'WID-7',
  'WID-9',
];

/** Titles of all tests; `INV-1…6` names each in between. */
function namedIds(): Set<string> {
  const named = new Set<string>();
  for (const file of readdirSync(ROOT, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.test.ts') || file.startsWith('setup/traceability')) continue;
    for (const [, title = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(/\b(?:test|describe)\(\s*['"`]([^'"`\n]*)/g)) {
      for (const [id] of title.matchAll(/\b[A-Z]{3,4}-\d+\b/g)) named.add(id);
      for (const [, kind, from, to] of title.matchAll(/\b([A-Z]{3,4})-(\d+)…(\d+)/g))
        for (let number = Number(from); number <= Number(to); number++) named.add(`${kind}-${number}`);
    }
  }
  return named;
}

test('rule: every claimed row and every invariant has a test that names it', () => {
  const invariants = [...readFileSync(join(ROOT, '../queues/README.md'), 'utf8').matchAll(/^- \*\*(INV-\d+)\*\*/gm)].map(([, id]) => id);
  expect(invariants.length).toBeGreaterThanOrEqual(10);
  const named = namedIds();
  expect([...CLAIMED, ...invariants].filter((id) => id !== undefined && !named.has(id))).toEqual([]);
});
