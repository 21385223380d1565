/** Follows the figures of these queues while the component is there. Those that stay among them are not let go in between. */
import { useEffect, useRef } from 'preact/hooks';
import { useDesk } from '../desk/context.ts';

export function useLook(queues: readonly string[]): void {
  const { figures } = useDesk();
  const stops = useRef(new Map<string, () => void>());
  useEffect(() => {
    for (const [queue, stop] of stops.current) {
      if (queues.includes(queue)) continue;
      stop();
      stops.current.delete(queue);
    }
    for (const queue of queues) if (!stops.current.has(queue)) stops.current.set(queue, figures.look(queue));
  }, [queues.join(' ')]);
  useEffect(
    () => () => {
      for (const stop of stops.current.values()) stop();
      stops.current.clear();
    },
    [],
  );
}
