/** The head of a list page: title, what it is for, search and filters, and what can be made; below it the list, or what stands in its place. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Icon } from '../ui/Icon.tsx';
import { problemText } from './problems.ts';
import type { SearchList } from './searchList.ts';
import { t } from './texts.ts';

export interface ListFrameProps<Item> {
  readonly title: string;
  readonly hint: string;
  readonly searchLabel: string;
  readonly list: SearchList<Item>;
  readonly action?: ComponentChildren;
  /** What narrows the list beside the search. */
  readonly filters?: ComponentChildren;
  readonly children: (item: Item) => ComponentChildren;
}

export function ListFrame<Item extends { readonly id: string }>({
  title,
  hint,
  searchLabel,
  list,
  action,
  filters,
  children,
}: ListFrameProps<Item>) {
  const id = useId();
  return (
    <div class="admin-page">
      <header class="admin-head">
        <div>
          <h3>{title}</h3>
          <p>{hint}</p>
        </div>
        {action}
      </header>
      <div class="search-box">
        <Icon name="search" size={18} />
        <label class="sr-only" for={id}>
          {searchLabel}
        </label>
        <input
          id={id}
          type="search"
          class="input"
          placeholder={searchLabel}
          value={list.search}
          maxLength={100}
          autocomplete="off"
          onInput={(event) => list.setSearch(event.currentTarget.value)}
        />
      </div>
      {filters}
      {list.problem && (
        <p class="admin-wait" role="alert">
          {problemText(list.problem)}
        </p>
      )}
      {list.items === undefined ? (
        !list.problem && (
          <p class="admin-wait" role="status">
            {t('loading')}
          </p>
        )
      ) : (
        <>
          <p class="sr-only" role="status">
            {t('list.count', { count: list.items.length })}
          </p>
          {list.items.length === 0 ? (
            <p class="admin-wait">{t(list.isNarrowed ? 'list.noneFound' : 'list.none')}</p>
          ) : (
            <ul class="admin-list">
              {list.items.map((item) => (
                <li key={item.id}>{children(item)}</li>
              ))}
            </ul>
          )}
          {list.hasMore && (
            <button type="button" class="button centered" onClick={list.more}>
              {t('list.more')}
            </button>
          )}
        </>
      )}
    </div>
  );
}
