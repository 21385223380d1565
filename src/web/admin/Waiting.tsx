/** Stands where something will be shown that is still loading or cannot be had. */
import { t as deskText } from '../desk/texts.ts';
import type { Loaded } from './load.ts';
import { problemText } from './problems.ts';
import { t } from './texts.ts';

export interface WaitingProps {
  readonly state: Exclude<Loaded<unknown>, { name: 'ready' }>;
  onRetry(): void;
}

export function Waiting({ state, onRetry }: WaitingProps) {
  return state.name === 'loading' ? (
    <p class="admin-wait" role="status">
      {t('loading')}
    </p>
  ) : (
    <div class="admin-wait" role="alert">
      <p>{problemText(state.problem)}</p>
      {state.problem.code !== 'not_found' && (
        <button type="button" class="button" onClick={onRetry}>
          {deskText('place.reload')}
        </button>
      )}
    </div>
  );
}
