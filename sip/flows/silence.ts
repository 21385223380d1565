/**
 * A leg from which nothing is received. It may be muted, on hold, or a caller who only listens; or its phone has vanished without a BYE. The dialog tells: the phone is asked,
 * and one that twice has no such call, or gives no answer, is gone as if it had hung up. Begun by `leg.silent` of the media, ended by `leg.heard` or with the leg.
 */
import type { Deadline } from '../app/wheel.ts';
import type { Call } from './call.ts';
import type { Leg } from './leg.ts';

const MISSES = 2;
/** Q.850 41: temporary failure. */
const CAUSE = 'Q.850;cause=41;text="No answer to OPTIONS"';

export class Silence {
  readonly #call: Call;
  readonly #leg: Leg;
  #next: Deadline | undefined;
  #misses = 0;
  #isOver = false;

  private constructor(call: Call, leg: Leg) {
    this.#call = call;
    this.#leg = leg;
  }

  static begin(call: Call, leg: Leg): void {
    if (leg.silence || !leg.dialog) return;
    leg.silence = new Silence(call, leg);
    const { afterMs, afterUnlistedMs } = call.board.silence;
    leg.silence.#after(leg.dialog.knowsOptions ? 0 : Math.max(0, afterUnlistedMs - afterMs));
  }

  over(): void {
    this.#isOver = true;
    this.#next?.cancel();
    this.#leg.silence = undefined;
  }

  #after(ms: number): void {
    this.#next = this.#call.board.wheel.after(ms, () => this.#ask());
  }

  #ask(): void {
    const { dialog } = this.#leg;
    const { wheel, silence } = this.#call.board;
    if (!dialog) return;
    let isAnswered = false;
    const answered = (isThere: boolean | undefined): void => {
      if (isAnswered || this.#isOver) return;
      isAnswered = true;
      this.#next?.cancel();
      this.#answered(isThere);
    };
    this.#next = wheel.after(silence.answerMs, () => answered(false));
    void dialog.isThere().then(answered);
  }

  /** undefined: nobody could be asked. */
  #answered(isThere: boolean | undefined): void {
    const { board, id } = this.#call;
    if (isThere === undefined) return this.#after(board.silence.retryMs);
    if (isThere) {
      this.#misses = 0;
      return this.#after(board.silence.againMs);
    }
    if (++this.#misses < MISSES) return this.#after(board.silence.retryMs);
    board.log.info({ call: id, leg: this.#leg.id, role: this.#leg.role }, 'leg.vanished');
    this.#leg.dialog?.cut('vanished', CAUSE);
  }
}
