/** The queues of an agent: as what, and with which place where the order counts. */
import { Icon } from '../../ui/Icon.tsx';
import { FieldFrame } from '../form/FieldFrame.tsx';
import { t } from '../texts.ts';
import type { Queue } from '../types.ts';
import type { Membership } from './agentForm.ts';

const ORDER_MAX = 10_000;

export interface MembershipLinesProps {
  readonly value: readonly Membership[];
  readonly error?: string | undefined;
  readonly queues: readonly Queue[];
  onChange(value: readonly Membership[]): void;
}

export function MembershipLines({ value, error, queues, onChange }: MembershipLinesProps) {
  const free = queues.filter(({ id }) => !value.some(({ queue }) => queue === id));
  const replace = (membership: Membership) => onChange(value.map((known) => (known.queue === membership.queue ? membership : known)));
  return (
    <FieldFrame label={t('page.queues')} error={error} isGroup class="is-unlabelled">
      {() => (
        <div class="lines">
          {value.map((membership) => (
            <MembershipLine
              key={membership.queue}
              membership={membership}
              queue={queues.find(({ id }) => id === membership.queue)}
              onChange={replace}
              onRemove={() => onChange(value.filter((known) => known !== membership))}
            />
          ))}
          {free.length > 0 && (
            <select
              class="input add-select"
              aria-label={t('member.add')}
              value=""
              onChange={(event) => {
                const queue = event.currentTarget.value;
                event.currentTarget.value = '';
                if (queue) onChange([...value, { queue, isAgent: true, isSupervisor: false, order: undefined }]);
              }}
            >
              <option value="">{t('member.add')}</option>
              {free.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </div>
      )}
    </FieldFrame>
  );
}

interface LineProps {
  readonly membership: Membership;
  readonly queue: Queue | undefined;
  onChange(membership: Membership): void;
  onRemove(): void;
}

function MembershipLine({ membership, queue, onChange, onRemove }: LineProps) {
  const name = queue?.name ?? membership.queue;
  const role = membership.isAgent ? (membership.isSupervisor ? 'both' : 'agent') : 'supervisor';
  return (
    <div class="line">
      <span class="line-name">{name}</span>
      {membership.isAgent && queue?.mode === 'linear' && (
        <label class="line-order">
          <span>{t('member.order')}</span>
          <input
            class="input"
            type="number"
            inputMode="numeric"
            min={0}
            max={ORDER_MAX}
            placeholder={t('member.last')}
            aria-label={t('member.orderIn', { queue: name })}
            value={membership.order ?? ''}
            onInput={(event) => {
              const { value, valueAsNumber } = event.currentTarget;
              if (value === '') onChange({ ...membership, order: undefined });
              else if (Number.isInteger(valueAsNumber) && valueAsNumber >= 0 && valueAsNumber <= ORDER_MAX)
                onChange({ ...membership, order: valueAsNumber });
            }}
          />
        </label>
      )}
      <select
        class="input role-select"
        aria-label={t('member.role', { queue: name })}
        value={role}
        onChange={(event) => {
          const next = event.currentTarget.value;
          onChange({ ...membership, isAgent: next !== 'supervisor', isSupervisor: next !== 'agent' });
        }}
      >
        {(['agent', 'supervisor', 'both'] as const).map((choice) => (
          <option key={choice} value={choice}>
            {t(`member.${choice}`)}
          </option>
        ))}
      </select>
      <button type="button" class="icon-button" aria-label={t('remove', { name })} title={t('remove', { name })} onClick={onRemove}>
        <Icon name="trash" size={18} />
      </button>
    </div>
  );
}
