/** RTE-3: skills with a level each, chosen from the account's list. Used for what a queue asks for and for what an agent can. */
import { Icon } from '../../ui/Icon.tsx';
import { LEVEL_MAX } from '../queues/bounds.ts';
import { t } from '../texts.ts';
import type { Skill, SkillNeed } from '../types.ts';
import { FieldFrame, type FieldTexts } from './FieldFrame.tsx';
import { Stepper } from './inputs.tsx';

export interface SkillNeedsProps extends FieldTexts {
  readonly value: readonly SkillNeed[];
  onChange(value: readonly SkillNeed[]): void;
  readonly skills: readonly Skill[];
  readonly max: number;
  /** The heading above says already what it is. */
  readonly isLabelHidden?: boolean;
}

export function SkillNeeds({ value, onChange, skills, max, isLabelHidden = false, ...texts }: SkillNeedsProps) {
  const free = skills.filter(({ id }) => !value.some((need) => need.skill === id));
  const replace = (at: number, need: SkillNeed) => onChange(value.map((known, index) => (index === at ? need : known)));
  return (
    <FieldFrame {...texts} isGroup class={isLabelHidden ? 'is-unlabelled' : ''}>
      {() => (
        <div class="lines">
          {value.map((need, index) => {
            const name = skills.find(({ id }) => id === need.skill)?.name ?? t('skill.gone');
            return (
              <div key={need.skill} class="line">
                <span class="line-name">{name}</span>
                <span class="line-level">
                  <span aria-hidden="true">{t('skill.level')}</span>
                  <Stepper
                    label={t('skill.levelOf', { skill: name })}
                    value={need.level}
                    min={1}
                    max={LEVEL_MAX}
                    onChange={(level) => replace(index, { ...need, level })}
                  />
                </span>
                <button
                  type="button"
                  class="icon-button"
                  aria-label={t('remove', { name })}
                  title={t('remove', { name })}
                  onClick={() => onChange(value.filter((_, at) => at !== index))}
                >
                  <Icon name="trash" size={18} />
                </button>
              </div>
            );
          })}
          {skills.length === 0 ? (
            <p class="field-hint">{t('skill.noneYet')}</p>
          ) : (
            free.length > 0 &&
            value.length < max && (
              <select
                class="input add-select"
                aria-label={`${texts.label}: ${t('skill.add')}`}
                value=""
                onChange={(event) => {
                  const skill = event.currentTarget.value;
                  event.currentTarget.value = '';
                  if (skill) onChange([...value, { skill, level: 5 }]);
                }}
              >
                <option value="">{t('skill.add')}</option>
                {free.map((skill) => (
                  <option key={skill.id} value={skill.id}>
                    {skill.name}
                  </option>
                ))}
              </select>
            )
          )}
        </div>
      )}
    </FieldFrame>
  );
}
