/** What the doctor says about one thing: fine, worth a look, or broken, and for the last two how to mend it. */
export type Verdict = 'ok' | 'warning' | 'broken';

export interface Finding {
  /** What was looked at, e.g. "HTTP port 8080". */
  readonly subject: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly text: string;
  /** What to do about it; always there unless all is well. */
  readonly remedy?: string;
}

export const ok = (subject: string, text: string): Finding => ({ subject, verdict: 'ok', text });
export const warning = (subject: string, text: string, remedy: string): Finding => ({ subject, verdict: 'warning', text, remedy });
export const broken = (subject: string, text: string, remedy: string): Finding => ({ subject, verdict: 'broken', text, remedy });
