/** RTE-3: the account's skills. Who has which, and which queue asks for it, is set with agents and queues. */
import { useState } from 'preact/hooks';
import { Dialog } from '../desk/Dialog.tsx';
import { adminApi } from './api.ts';
import { useLoaded } from './load.ts';
import { NamedLines } from './NamedLines.tsx';
import { t } from './texts.ts';
import type { Skill } from './types.ts';
import { Waiting } from './Waiting.tsx';

const NAME_MAX = 100;

/** A skill that is in use is deleted after a question. */
interface Asking {
  readonly skill: Skill;
  answer(isSure: boolean): void;
}

export function SkillPage() {
  const [state, setSkills] = useLoaded(() => adminApi.allSkills());
  const [asking, setAsking] = useState<Asking>();
  if (state.name !== 'ready') return <Waiting state={state} />;
  const skills = state.value;
  const set = (changed: readonly Skill[]) => setSkills([...changed].sort((a, b) => a.name.localeCompare(b.name)));
  const isSure = (skill: Skill) =>
    new Promise<boolean>((resolve) =>
      setAsking({
        skill,
        answer: (sure) => {
          setAsking(undefined);
          resolve(sure);
        },
      }),
    );
  return (
    <div class="admin-page">
      <header class="admin-head">
        <div>
          <h3>{t('page.skills')}</h3>
          <p>{t('skills.hint')}</p>
        </div>
      </header>
      {skills.length === 0 && <p class="admin-wait">{t('skills.none')}</p>}
      <NamedLines
        items={skills}
        maxLength={NAME_MAX}
        addLabel={t('skills.new')}
        taken="skills.taken"
        add={async (name) => set([...skills, await adminApi.makeSkill({ name, description: '' })])}
        rename={async (skill, name) => {
          const changed = await adminApi.changeSkill(skill.id, { name }, skill.version);
          set(skills.map((known) => (known.id === skill.id ? { ...skill, ...changed } : known)));
        }}
        remove={async (skill) => {
          if ((skill.agents ?? 0) > 0 && !(await isSure(skill))) return;
          await adminApi.deleteSkill(skill.id);
          set(skills.filter(({ id }) => id !== skill.id));
        }}
        extra={(skill) => skill.agents !== undefined && <em class="tag">{t('skills.agents', { count: skill.agents })}</em>}
      />
      {asking && (
        <Dialog title={t('skills.sure', { name: asking.skill.name })} onClose={() => asking.answer(false)}>
          <p class="dialog-hint">{t('skills.sure.hint', { count: asking.skill.agents ?? 0 })}</p>
          <div class="dialog-buttons">
            <button type="button" class="button" onClick={() => asking.answer(false)}>
              {t('cancel')}
            </button>
            <button type="button" class="button danger" onClick={() => asking.answer(true)}>
              {t('delete')}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
