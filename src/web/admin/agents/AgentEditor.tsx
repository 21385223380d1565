/** One person as an agent: what may be held at once, what may interrupt what, skills, queues. */
import { useMemo } from 'preact/hooks';
import { PlaceLink } from '../../desk/PlaceLink.tsx';
import { Avatar } from '../../ui/Avatar.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { FieldFrame } from '../form/FieldFrame.tsx';
import { NumberInput } from '../form/inputs.tsx';
import { SaveBar } from '../form/SaveBar.tsx';
import { Section } from '../form/Section.tsx';
import { SkillNeeds } from '../form/SkillNeeds.tsx';
import { useLoaded } from '../load.ts';
import { AgentPhones } from '../phones/AgentPhones.tsx';
import { OwnTypes } from '../phones/TypeTicks.tsx';
import { type AdminKey, t } from '../texts.ts';
import { INTERRUPTIONS, type Queue, type Skill, type User } from '../types.ts';
import { Waiting } from '../Waiting.tsx';
import { type AgentValues, createAgentForm } from './agentForm.ts';
import { MembershipLines } from './MembershipLines.tsx';
import { SignInHelp } from './SignInHelp.tsx';

const SKILLS_MAX = 100;
const CAPACITY_MAX = 100;

export function AgentEditor({ id }: { id: string }) {
  const [state, , reload] = useLoaded(() => Promise.all([adminApi.user(id), adminApi.allSkills(), adminApi.allQueues()]), [id]);
  if (state.name !== 'ready') return <Waiting state={state} onRetry={reload} />;
  const [user, skills, queues] = state.value;
  return <AgentFields user={user} skills={skills} queues={queues} />;
}

function AgentFields({ user, skills, queues }: { user: User; skills: readonly Skill[]; queues: readonly Queue[] }) {
  const form = useMemo(() => createAgentForm(user), [user.id]);
  const { value: rules, error, onChange: setRules } = form.field('interrupts');
  const skillError = [...form.errors.value].find(([path]) => path.split('.')[0] === 'skills')?.[1];
  return (
    <div class="editor">
      <header class="editor-head">
        <PlaceLink to={{ name: 'admin', page: 'agents' }} class="back-link">
          <Icon name="back" size={18} />
          {t('page.agents')}
        </PlaceLink>
        <div class="editor-person">
          <Avatar name={user.name} id={user.id} />
          <div>
            <h3>{user.name}</h3>
            <p>{user.email}</p>
          </div>
        </div>
        {user.status !== 'inactive' && <SignInHelp user={user} />}
      </header>
      <form class="editor-form" onSubmit={(event) => event.preventDefault()} noValidate>
        <Section id="section-capacity" title={t('agent.capacity')} hint={t('agent.capacity.hint')}>
          <div class="field-trio">
            <NumberInput label={t('medium.chats')} min={0} max={CAPACITY_MAX} {...form.field('capacity')} />
            <NumberInput label={t('medium.calls')} min={0} max={CAPACITY_MAX} {...form.field('voiceCapacity')} />
            <NumberInput label={t('medium.videos')} min={0} max={CAPACITY_MAX} {...form.field('videoCapacity')} />
          </div>
          <FieldFrame label={t('agent.interrupts')} hint={t('agent.interrupts.hint')} error={error} isGroup>
            {() => (
              <div class="ticks">
                {INTERRUPTIONS.map((rule) => (
                  <label key={rule} class="tick-line">
                    <input
                      type="checkbox"
                      checked={rules.includes(rule)}
                      onChange={(event) =>
                        setRules(INTERRUPTIONS.filter((known) => (known === rule ? event.currentTarget.checked : rules.includes(known))))
                      }
                    />
                    {t(`rule.${rule}`)}
                  </label>
                ))}
              </div>
            )}
          </FieldFrame>
        </Section>
        <Section id="section-outbound" title={t('agent.outbound')} hint={t('agent.outbound.hint')}>
          <OwnTypes label={t('agent.outbound.own')} hint={t('agent.outbound.own.hint')} {...form.field('outboundTypes')} />
        </Section>
        <Section id="section-skills" title={t('page.skills')} hint={t('agent.skills.hint')}>
          <SkillNeeds
            label={t('page.skills')}
            skills={skills}
            max={SKILLS_MAX}
            isLabelHidden
            {...form.field('skills')}
            error={skillError}
          />
        </Section>
        <Section id="section-queues" title={t('page.queues')} hint={t('agent.queues.hint')}>
          <MembershipLines queues={queues} {...form.field('memberships')} />
        </Section>
        <SaveBar form={form} nameOf={nameOf} />
      </form>
      <Section id="section-phones" title={t('page.phones')} hint={t('agent.phones.hint')}>
        <AgentPhones user={user} />
      </Section>
    </div>
  );
}

const NAMES: Readonly<Record<keyof AgentValues, AdminKey>> = {
  capacity: 'medium.chats',
  voiceCapacity: 'medium.calls',
  videoCapacity: 'medium.videos',
  interrupts: 'agent.interrupts',
  outboundTypes: 'agent.outbound',
  skills: 'page.skills',
  memberships: 'page.queues',
};
const nameOf = (field: keyof AgentValues): AdminKey => NAMES[field];
