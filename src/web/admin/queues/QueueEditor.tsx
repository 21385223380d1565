/** One queue: loads it with what its fields refer to, then shows the form. */
import { useMemo } from 'preact/hooks';
import { adminApi } from '../api.ts';
import { Form } from '../form/form.ts';
import { useLoaded } from '../load.ts';
import type { Queue, QueueValues, Skill, Sound } from '../types.ts';
import { Waiting } from '../Waiting.tsx';
import { QueueForm } from './QueueForm.tsx';

export interface QueueContext {
  readonly form: Form<QueueValues>;
  readonly id: string;
  readonly skills: readonly Skill[];
  readonly queues: readonly Queue[];
  readonly sounds: readonly Sound[];
}

export function QueueEditor({ id }: { id: string }) {
  const [state, , reload] = useLoaded(
    () => Promise.all([adminApi.queue(id), adminApi.allSkills(), adminApi.allQueues(), adminApi.sounds()]),
    [id],
  );
  if (state.name !== 'ready') return <Waiting state={state} onRetry={reload} />;
  const [queue, skills, queues, sounds] = state.value;
  return <Loaded queue={queue} skills={skills} queues={queues} sounds={sounds} />;
}

interface Parts {
  readonly queue: Queue;
  readonly skills: readonly Skill[];
  readonly queues: readonly Queue[];
  readonly sounds: readonly Sound[];
}

function Loaded({ queue, skills, queues, sounds }: Parts) {
  const form = useMemo(
    () =>
      new Form<QueueValues>(queue, {
        tidy: byTime,
        change: (change, version) => adminApi.changeQueue(queue.id, change, version),
        reload: () => adminApi.queue(queue.id),
      }),
    [queue.id],
  );
  return <QueueForm context={{ form, id: queue.id, skills, queues, sounds }} />;
}

/** Steps run by their time, so that is their order. */
function byTime(queue: QueueValues): QueueValues {
  const sorted = <Step extends { readonly afterSec: number }>(steps: readonly Step[]) => [...steps].sort((a, b) => a.afterSec - b.afterSec);
  return { ...queue, recipe: sorted(queue.recipe), relaxation: sorted(queue.relaxation) };
}
