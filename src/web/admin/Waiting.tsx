/** Stands where something will be shown that is still loading or cannot be had. */
import type { Loaded } from './load.ts';
import { problemText } from './problems.ts';
import { t } from './texts.ts';

export function Waiting({ state }: { state: Exclude<Loaded<unknown>, { name: 'ready' }> }) {
  return state.name === 'loading' ? (
    <p class="admin-wait" role="status">
      {t('loading')}
    </p>
  ) : (
    <p class="admin-wait" role="alert">
      {problemText(state.problem)}
    </p>
  );
}
