/** GRP-5, APP-10, VID-3, GRP-4: what one group says about video. */
import { useMemo } from 'preact/hooks';
import { Problem } from '../../desk/api.ts';
import { PlaceLink } from '../../desk/PlaceLink.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { Form, type Versioned } from '../form/form.ts';
import { AreaInput, SwitchInput } from '../form/inputs.tsx';
import { SaveBar } from '../form/SaveBar.tsx';
import { Section } from '../form/Section.tsx';
import { useLoaded } from '../load.ts';
import { t } from '../texts.ts';
import type { Group, VideoRules } from '../types.ts';
import { Waiting } from '../Waiting.tsx';
import { ElementsInput } from './ElementsInput.tsx';

const POLICY_MAX = 5_000;

export function GroupVideoEditor({ id }: { id: string }) {
  const [state, , reload] = useLoaded(() => adminApi.group(id), [id]);
  if (state.name !== 'ready') return <Waiting state={state} onRetry={reload} />;
  return <Loaded group={state.value} />;
}

function Loaded({ group }: { group: Group }) {
  const form = useMemo(
    () =>
      new Form<VideoRules>(valuesOf(group), {
        change: async (video, version) => valuesOf(await adminApi.changeGroup(group.id, { video }, version).catch(withinVideo)),
        reload: async () => valuesOf(await adminApi.group(group.id)),
      }),
    [group.id],
  );
  return (
    <div class="editor">
      <header class="editor-head">
        <PlaceLink to={{ name: 'admin', page: 'video' }} class="back-link">
          <Icon name="back" size={18} />
          {t('page.video')}
        </PlaceLink>
        <h3>{group.name}</h3>
      </header>
      <form class="editor-form" onSubmit={(event) => event.preventDefault()} noValidate>
        <Section id="section-offer" title={t('video.section.offer')}>
          <SwitchInput label={t('video.isOn')} hint={t('video.isOn.hint')} {...form.field('isOn')} />
          <AreaInput label={t('video.policy')} hint={t('video.policy.hint')} maxLength={POLICY_MAX} {...form.field('policy')} />
          <SwitchInput label={t('video.canFullScreen')} hint={t('video.canFullScreen.hint')} {...form.field('canFullScreen')} />
        </Section>
        <Section id="section-elements" title={t('video.section.elements')} hint={t('video.section.elements.hint')}>
          <ElementsInput label={t('video.client')} {...form.field('client')} />
          <ElementsInput label={t('video.agent')} {...form.field('agent')} />
        </Section>
        <SaveBar form={form} nameOf={(field) => `video.${field}`} />
      </form>
    </div>
  );
}

const valuesOf = ({ video, version }: Group): VideoRules & Versioned => ({ ...video, version });

/** The fields of this form stand one level deeper in the answer. */
function withinVideo(error: unknown): never {
  if (!(error instanceof Problem)) throw error;
  const errors = [...error.fields].map(([path, message]) => ({ path: path.replace(/^video\./, ''), message }));
  throw new Problem(error.status, error.code, error.message, { errors, detail: error.detail });
}
