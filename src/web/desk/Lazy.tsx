/** A part of the desk that is loaded when it is opened for the first time, so that agents do not pay for what they do not see. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from './texts.ts';

export interface LazyProps<Props> {
  load(): Promise<ComponentType<Props>>;
  readonly props: Props;
}

export function Lazy<Props extends object>({ load, props }: LazyProps<Props>) {
  // Wrapped, because a function given to a setter would be called.
  const [loaded, setLoaded] = useState<{ readonly Part: ComponentType<Props> }>();
  const [isFailed, setFailed] = useState(false);
  useEffect(() => {
    load().then(
      (Part) => setLoaded({ Part }),
      () => setFailed(true),
    );
  }, []);
  if (loaded) return <loaded.Part {...props} />;
  return (
    <section class="screen screen-wait">
      <p role="status">{t(isFailed ? 'place.failed' : 'loading')}</p>
      {isFailed && (
        <button type="button" class="button" onClick={() => location.reload()}>
          {t('place.reload')}
        </button>
      )}
    </section>
  );
}
