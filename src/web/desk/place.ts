/**
 * Where in the desk one is. It stands behind # in the address, so that links, reload and the browser's back button work.
 * Guarantees: while something is not saved, no way out is taken without asking.
 */
import { signal } from '@preact/signals';

export const ADMIN_PAGES = ['queues', 'agents', 'numbers', 'phones', 'trunks', 'video', 'skills', 'pauses', 'audit', 'account'] as const;
export type AdminPage = (typeof ADMIN_PAGES)[number];

export type Place =
  | { readonly name: 'desk' }
  | { readonly name: 'profile' }
  /** History of calls; `interaction`: one in detail. */
  | { readonly name: 'calls'; readonly interaction?: string }
  /** `queue`: one of them in detail. */
  | { readonly name: 'overview'; readonly queue?: string }
  /** BEY-2: how one interaction was routed. */
  | { readonly name: 'routing'; readonly interaction: string }
  | { readonly name: 'admin'; readonly page: AdminPage; readonly id?: string };

/** Whether leaving would lose something. Set by the form that is open. */
export const isUnsaved = signal(false);
/** The place one wants to go to while something is not saved: to be asked about. */
export const asked = signal<Place | undefined>(undefined);
export const place = signal<Place>(placeOf(location.hash));

export function hashOf(to: Place): string {
  switch (to.name) {
    case 'desk':
      return '';
    case 'profile':
      return '#/profile';
    case 'calls':
      return to.interaction === undefined ? '#/calls' : `#/calls/${to.interaction}`;
    case 'overview':
      return to.queue === undefined ? '#/overview' : `#/overview/${to.queue}`;
    case 'routing':
      return `#/routing/${to.interaction}`;
    case 'admin':
      return to.id === undefined ? `#/admin/${to.page}` : `#/admin/${to.page}/${to.id}`;
  }
}

/** An address that we do not know is the desk itself. */
export function placeOf(hash: string): Place {
  const [, name = '', first, second] = hash.split('/');
  if (name === 'profile') return { name };
  if (name === 'calls') return { name, ...(first && { interaction: first }) };
  if (name === 'overview') return { name, ...(first && { queue: first }) };
  if (name === 'routing' && first) return { name, interaction: first };
  const page = ADMIN_PAGES.find((known) => known === first);
  if (name === 'admin') return { name, page: page ?? 'queues', ...(page && second && { id: second }) };
  return { name: 'desk' };
}

export function go(to: Place): void {
  if (isUnsaved.value) asked.value = to;
  else move(to);
}

/** The answer to the question: leave what is not saved, or stay. */
export function answer(isLeaving: boolean): void {
  const to = asked.value;
  asked.value = undefined;
  if (!to || !isLeaving) return;
  isUnsaved.value = false;
  move(to);
}

function move(to: Place): void {
  if (hashOf(to) !== location.hash) history.pushState(null, '', hashOf(to) || location.pathname);
  place.value = to;
}

/** Back and forward, or an address typed by hand. */
function follow(): void {
  const to = placeOf(location.hash);
  if (hashOf(to) === hashOf(place.value)) return;
  if (!isUnsaved.value) place.value = to;
  else {
    history.pushState(null, '', hashOf(place.value) || location.pathname);
    asked.value = to;
  }
}

addEventListener('popstate', follow);
addEventListener('beforeunload', (event) => {
  if (isUnsaved.value) event.preventDefault();
});
