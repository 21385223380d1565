/** CHT-10 for the visitor: it has ended; give a rating if the queue asks for one; begin another. */
import { useState } from 'preact/hooks';
import type { Conversation } from '../conversation/conversation.ts';
import { Icon } from '../ui/Icon.tsx';
import { useWidget } from './state.ts';

export function EndedFooter({ conversation }: { conversation: Conversation }) {
  const state = useWidget();
  const {
    visitor,
    texts: { t },
  } = state;
  const isRated = conversation.view.value?.rating !== undefined;
  const isAsked = !isRated && visitor.group.rating !== 'none';
  return (
    <div class="ended">
      {isRated ? (
        <p class="thanks" role="status">
          <Icon name="check" size={18} />
          {t('thanks')}
        </p>
      ) : (
        isAsked && <Rating conversation={conversation} />
      )}
      <button type="button" class={isAsked ? 'button wide' : 'button primary wide'} onClick={() => state.startAnother()}>
        {t('start.again')}
      </button>
    </div>
  );
}

function Rating({ conversation }: { conversation: Conversation }) {
  const {
    visitor,
    texts: { t },
  } = useWidget();
  const [value, setValue] = useState(0);
  const [comment, setComment] = useState('');
  const [phase, setPhase] = useState<'asking' | 'sending' | 'failed'>('asking');
  const isStars = visitor.group.rating === 'stars';
  const choices = isStars ? [1, 2, 3, 4, 5] : [5, 1];
  const send = () => {
    setPhase('sending');
    void visitor.rate(conversation, value, comment.trim()).catch(() => setPhase('failed'));
  };
  return (
    <form
      class="rating"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <fieldset>
        <legend>{t('rate.title')}</legend>
        <div class="choices">
          {choices.map((choice) => (
            <label key={choice} class={`choice${(isStars ? choice <= value : choice === value) ? ' is-on' : ''}`}>
              <input
                type="radio"
                name="rating"
                value={choice}
                checked={choice === value}
                onChange={() => setValue(choice)}
                aria-label={isStars ? t('rate.star', { count: choice }) : t(choice === 5 ? 'rate.up' : 'rate.down')}
              />
              <Icon
                name={isStars ? 'star' : choice === 5 ? 'up' : 'thumbDown'}
                size={30}
                isFilled={isStars ? choice <= value : choice === value}
              />
            </label>
          ))}
        </div>
      </fieldset>
      {value > 0 && (
        <>
          <textarea
            class="input"
            rows={2}
            maxLength={1_000}
            value={comment}
            placeholder={t('rate.comment')}
            aria-label={t('rate.comment')}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
          {phase === 'failed' && (
            <p class="form-error" role="alert">
              {t('error.other')}
            </p>
          )}
          <button type="submit" class="button primary wide" disabled={phase === 'sending'}>
            {t('rate.send')}
          </button>
        </>
      )}
    </form>
  );
}
