/** A list that is searched on the server and grows by pages. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from '../desk/api.ts';
import type { Page } from './types.ts';

const PAUSE_MS = 200;

export interface SearchList<Item> {
  readonly search: string;
  setSearch(text: string): void;
  /** Not all of it is asked for: by the search, or by what else narrows it. */
  readonly isNarrowed: boolean;
  /** Undefined while the first page is on its way. */
  readonly items: readonly Item[] | undefined;
  readonly hasMore: boolean;
  readonly problem: Problem | undefined;
  more(): void;
  replace(item: Item): void;
}

/** `narrowing`: what else `fetchPage` asks by; another text asks anew. */
export function useSearchList<Item extends { readonly id: string }>(
  fetchPage: (list: { search: string; cursor?: string | undefined }) => Promise<Page<Item>>,
  narrowing = '',
): SearchList<Item> {
  const [search, setSearch] = useState('');
  const [items, setItems] = useState<readonly Item[]>();
  const [cursor, setCursor] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  /** Grows with each search, so that a late answer to an older one is dropped. */
  const question = useRef(0);
  const ask = (before: readonly Item[], from: string | undefined) => {
    const asked = ++question.current;
    fetchPage({ search: search.trim(), cursor: from }).then(
      (page) => {
        if (asked !== question.current) return;
        setItems([...before, ...page.items]);
        setCursor(page.nextCursor);
        setProblem(undefined);
      },
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        if (asked === question.current) setProblem(error);
      },
    );
  };
  useEffect(() => {
    const timer = setTimeout(() => ask([], undefined), items === undefined ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [search, narrowing]);
  useEffect(
    () => () => {
      question.current = -1;
    },
    [],
  );
  return {
    search,
    setSearch,
    isNarrowed: search.trim() !== '' || narrowing !== '',
    items,
    hasMore: cursor !== undefined,
    problem,
    more: () => ask(items ?? [], cursor),
    replace: (item) => setItems((now) => now?.map((known) => (known.id === item.id ? item : known))),
  };
}
