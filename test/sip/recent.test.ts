/** What calls ask for again and again is read behind them; what nobody waits for leaves together. Both alone, without calls. */
import { expect, test } from 'vitest';
import { Notes } from '../../sip/app/notes.ts';
import { Recent } from '../../sip/app/recent.ts';
import { until } from '../support/services.ts';

test('VOX-1 a number that is called again and again is read anew behind the calls, and no call waits for it', async () => {
  const recent = new Recent<number | undefined>(2_000);
  let reads = 0;
  const held = Promise.withResolvers<number>();
  const read = (): Promise<number> => (++reads === 2 ? held.promise : Promise.resolve(reads));
  expect(await recent.get('a', read)).toBe(1);
  expect(await recent.get('a', read)).toBe(1);
  expect(reads).toBe(1);
  // The second reading is not back yet: the first goes on serving.
  const seen = await until(async () => {
    const value = await recent.get('a', read);
    return reads === 2 ? value : undefined;
  });
  expect(seen).toBe(1);
  held.resolve(2);
  await until(async () => (await recent.get('a', read)) === 2);
  expect(reads).toBe(2);
});

test('VOX-1 what was not found, or could not be read, is asked again', async () => {
  const recent = new Recent<number | undefined>(60_000);
  expect(await recent.get('a', () => Promise.resolve(undefined))).toBeUndefined();
  await expect(recent.get('b', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect([await recent.get('a', () => Promise.resolve(1)), await recent.get('b', () => Promise.resolve(2))]).toEqual([1, 2]);
  expect(await recent.get('a', () => Promise.resolve(3))).toBe(1);
});

test('RTE-12 what nobody waits for is told in the order in which it was noted, and all of it when the application closes', async () => {
  const notes = new Notes();
  const told: number[] = [];
  for (const each of [1, 2, 3]) notes.add(() => told.push(each));
  expect(told).toEqual([]);
  await until(() => told.length === 3);
  notes.add(() => told.push(4));
  notes.flush();
  expect(told).toEqual([1, 2, 3, 4]);
  notes.flush();
  expect(told).toEqual([1, 2, 3, 4]);
});
