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
  const [state, change, reload] = useLoaded(() => adminApi.allSkills());
  const [asking, setAsking] = useState<Asking>();
  if (state.name !== 'ready') return <Waiting state={state} onRetry={reload} />;
  const skills = state.value;
  const set = (next: (now: readonly Skill[]) => readonly Skill[]) =>
    change((now) => [...next(now)].sort((a, b) => a.name.localeCompare(b.name)));
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
        reload={reload}
        add={async (name) => {
          const made = await adminApi.makeSkill({ name, description: '' });
          set((now) => [...now, made]);
        }}
        rename={async (skill, name) => {
          const changed = await adminApi.changeSkill(skill.id, { name }, skill.version);
          set((now) => now.map((known) => (known.id === skill.id ? { ...known, ...changed } : known)));
        }}
        remove={async (skill) => {
          if ((skill.agents ?? 0) > 0 && !(await isSure(skill))) return;
          await adminApi.deleteSkill(skill.id);
          set((now) => now.filter(({ id }) => id !== skill.id));
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
