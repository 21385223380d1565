/** What a page shows while it loads, when it is there, and when it cannot be had. */
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../desk/api.ts';

export type Loaded<Value> =
  | { readonly name: 'loading' }
  | { readonly name: 'failed'; readonly problem: Problem }
  | { readonly name: 'ready'; readonly value: Value };

/** Loads once per change of `inputs`. An answer that comes after a newer question is dropped. */
export function useLoaded<Value>(load: () => Promise<Value>, inputs: readonly unknown[] = []): [Loaded<Value>, (value: Value) => void] {
  const [state, setState] = useState<Loaded<Value>>({ name: 'loading' });
  useEffect(() => {
    let isPast = false;
    load().then(
      (value) => isPast || setState({ name: 'ready', value }),
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        if (!isPast) setState({ name: 'failed', problem: error });
      },
    );
    return () => {
      isPast = true;
    };
  }, inputs);
  return [state, (value) => setState({ name: 'ready', value })];
}
