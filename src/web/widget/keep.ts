/** The browser's storage, or memory where it is forbidden (private windows, blocked third parties): then a reload forgets, nothing else breaks. */
const memory = new Map<string, string>();

export function keep(storage: 'local' | 'session', key: string, value: string | undefined): void {
  if (value === undefined) memory.delete(key);
  else memory.set(key, value);
  try {
    const store = storage === 'local' ? localStorage : sessionStorage;
    if (value === undefined) store.removeItem(key);
    else store.setItem(key, value);
  } catch (error) {
    console.debug('centralino: storage is not available', error);
  }
}

export function kept(storage: 'local' | 'session', key: string): string | undefined {
  try {
    return (storage === 'local' ? localStorage : sessionStorage).getItem(key) ?? memory.get(key);
  } catch (error) {
    console.debug('centralino: storage is not available', error);
    return memory.get(key);
  }
}
