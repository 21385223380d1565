/** A request from a dialog: busy while it runs, and what was refused stands until the next. */
import { useState } from 'preact/hooks';
import { Problem } from '../../desk/api.ts';

export interface Attempt {
  readonly isBusy: boolean;
  readonly problem: Problem | undefined;
  /** @returns whether it happened */
  run(act: () => Promise<void>): Promise<boolean>;
}

export function useAttempt(): Attempt {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  return {
    isBusy,
    problem,
    async run(act) {
      setBusy(true);
      try {
        await act();
        setProblem(undefined);
        return true;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        setProblem(error);
        return false;
      } finally {
        setBusy(false);
      }
    },
  };
}
