/** What a page shows while it loads, when it is there, and when it cannot be had. */
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../desk/api.ts';

export type Loaded<Value> =
  | { readonly name: 'loading' }
  | { readonly name: 'failed'; readonly problem: Problem }
  | { readonly name: 'ready'; readonly value: Value };

/** What is shown, a change of what was loaded (made of what is there by then, as several may be under way), and loading it anew. */
export type Loading<Value> = [Loaded<Value>, change: (next: (now: Value) => Value) => void, reload: () => void];

/** Loads once per change of `inputs`, and when asked to. An answer that comes after a newer question is dropped; what is there stays until then. */
export function useLoaded<Value>(load: () => Promise<Value>, inputs: readonly unknown[] = []): Loading<Value> {
  const [state, setState] = useState<Loaded<Value>>({ name: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isPast = false;
    load().then(
      (value) => isPast || setState({ name: 'ready', value }),
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        if (!isPast) setState((now) => (now.name === 'ready' ? now : { name: 'failed', problem: error }));
      },
    );
    return () => {
      isPast = true;
    };
  }, [...inputs, round]);
  return [
    state,
    (next) => setState((now) => (now.name === 'ready' ? { name: 'ready', value: next(now.value) } : now)),
    () => {
      setState((now) => (now.name === 'failed' ? { name: 'loading' } : now));
      setRound((now) => now + 1);
    },
  ];
}
