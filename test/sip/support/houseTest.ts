/**
 * Tests that open houses of their own and mostly wait for what is said: `test.concurrent` runs some of a file side by side. `open` is the house; it is closed
 * when its test is over, however that ended.
 */
import { test as plain } from 'vitest';
import { type House, type HouseOptions, openHouse } from './house.ts';

export const test = plain.extend<{ open: (options?: HouseOptions) => Promise<House> }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which other fixtures it needs
  open: async ({}, use) => {
    const opened: House[] = [];
    await use(async (options) => {
      const house = await openHouse(options);
      opened.push(house);
      return house;
    });
    for (const house of opened) await house.close();
  },
});
