/** The settings of a queue in sections, each with its own file where it is long. */
import { useState } from 'preact/hooks';
import { PlaceLink } from '../../desk/PlaceLink.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { SaveBar } from '../form/SaveBar.tsx';
import { Section, SectionNav } from '../form/Section.tsx';
import { type AdminKey, t } from '../texts.ts';
import type { QueueValues } from '../types.ts';
import { AnswerSection } from './AnswerSection.tsx';
import { BasicsSection } from './BasicsSection.tsx';
import { DeleteQueueDialog } from './DeleteQueueDialog.tsx';
import { OutcomeSection } from './OutcomeSection.tsx';
import { OverflowSection } from './OverflowSection.tsx';
import { PrioritySection } from './PrioritySection.tsx';
import type { QueueContext } from './QueueEditor.tsx';
import { SkillSection } from './SkillSection.tsx';
import { StickySection } from './StickySection.tsx';
import { TimeSection } from './TimeSection.tsx';
import { VoiceSection } from './VoiceSection.tsx';

const SECTIONS = [
  { name: 'basics', fields: ['name', 'channel', 'isActive', 'serviceLevelSec'], Part: BasicsSection },
  { name: 'answer', fields: ['mode', 'ringMax', 'isAutoAccepted', 'offerTimeoutMs', 'maxMissed', 'limitPerAgent'], Part: AnswerSection },
  { name: 'voice', fields: ['voice'], Part: VoiceSection },
  { name: 'priority', fields: ['priority', 'weightSec'], Part: PrioritySection },
  { name: 'skills', fields: ['required', 'preferred', 'relaxation'], Part: SkillSection },
  { name: 'sticky', fields: ['stickyWaitMs', 'stickyMemoryMs'], Part: StickySection },
  { name: 'overflow', fields: ['recipe'], Part: OverflowSection },
  { name: 'time', fields: ['wrapUpMs', 'canEndWrapUp', 'canExtendWrapUp', 'reconnectMs', 'agentLostMs'], Part: TimeSection },
  { name: 'outcome', fields: ['outcomes', 'isOutcomeRequired', 'autoCloseMs', 'autoCloseOutcome', 'rating'], Part: OutcomeSection },
] as const;

export function QueueForm({ context }: { context: QueueContext }) {
  const { form } = context;
  // What is heard concerns those who call.
  const sections = SECTIONS.filter(({ name }) => name !== 'voice' || form.base.value.channel === 'voice');
  const [isDeleting, setDeleting] = useState(false);
  const wrong = [...form.errors.value.keys()].map((path) => path.split('.')[0]);
  return (
    <div class="editor">
      <header class="editor-head">
        <PlaceLink to={{ name: 'admin', page: 'queues' }} class="back-link">
          <Icon name="back" size={18} />
          {t('page.queues')}
        </PlaceLink>
        <h3>{form.base.value.name}</h3>
      </header>
      <div class="editor-parts">
        <SectionNav
          label={t('queue.sections')}
          sections={sections.map(({ name, fields }) => ({
            id: `section-${name}`,
            title: t(`section.${name}`),
            isWrong: fields.some((field) => wrong.includes(field)),
          }))}
        />
        <form class="editor-form" onSubmit={(event) => event.preventDefault()} noValidate>
          {sections.map(({ name, Part }) => (
            <Section key={name} id={`section-${name}`} title={t(`section.${name}`)} hint={t(`section.${name}.hint`)}>
              <Part {...context} />
            </Section>
          ))}
          <div class="delete-line">
            <button type="button" class="button danger" onClick={() => setDeleting(true)}>
              <Icon name="trash" size={18} />
              {t('queue.delete')}
            </button>
          </div>
          <SaveBar form={form} nameOf={nameOf} />
        </form>
      </div>
      {isDeleting && <DeleteQueueDialog id={context.id} name={form.base.value.name} onClose={() => setDeleting(false)} />}
    </div>
  );
}

const nameOf = (field: keyof QueueValues): AdminKey => `queue.${field}`;
