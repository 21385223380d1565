/**
 * VID-8: lifts mediasoup's estimate of a link where it stands still. The estimate grows to 1.5 × what is sent at most, and beyond that by probes alone. mediasoup 3.27.1 keeps the probes of
 * all transports of a worker in one buffer, and every new transport gives it a random sequence number: where that falls back, SRTP refuses the probes as replayed, none is sent, and the
 * estimate stays where layers that are missing do not fit in. So the media themselves try the link. Pure; made by `LinkJudge`, told a sample every 2 s and, while it tries, a look every 500 ms.
 */
import { assertNever } from '../src/base/errors.ts';

/** What mediasoup's estimate is kept in; 0: it is not. */
export interface Bounds {
  readonly leastKbps: number;
  readonly mostKbps: number;
}

/** At a link while more is sent over it than mediasoup would. */
export interface Look {
  /** Percent of what was sent lately (transport-wide feedback: some 24 messages of 50 to 250 ms, the latest count most). */
  readonly lossPct: number;
  /** A watched picture comes smaller than it is shown, or with fewer frames than it is sent. */
  readonly isThinned: boolean;
  /** What comes of all pictures, by size and by frames; more of it is a larger number. */
  readonly layers: number;
}

/** `idle`: steps in a row, up to this one, that brought no layer. */
interface Step {
  readonly kbps: number;
  readonly layers: number;
  readonly idle: number;
}

type LiftState =
  | { readonly is: 'resting'; readonly calmSamples: number; readonly layers: number }
  | ({ readonly is: 'rising'; readonly passedKbps: number; readonly watch: TryWatch } & Step)
  /** The link did not take it: until the next sample no more than what it took. */
  | { readonly is: 'giving way'; readonly mostKbps: number };

/** Loss of a link that is too thin. Probes that are not sent count as lost, too: up to 12 %. */
const TOO_MUCH_PCT = 15;
const CLEAN_PCT = 10;
/** In a row. What was lost before the try counts for three seconds more: only loss that does not fall is its own. */
const TOO_MUCH_LOOKS = 2;
/** A step lasts so many clean looks, whole pictures flow so many more before the estimate, which stays where it is, is left alone; a step that leads nowhere is given up. */
const LOOKS = { step: 2, whole: 4, most: 10 } as const;
/** What brings no layer shows nothing of the link: no further step. */
const IDLE_STEPS = 2;
/** Samples without loss, with layers missing and none less than before; twice as many each time that it led nowhere. After it went down, mediasoup itself does not go up for 10 s. */
const LIFT_AFTER = { least: 5, most: 30 } as const;
const STEP = 1.5;
const LOWEST_KBPS = 150;
const TOP_KBPS = 5_000;
const RESTING: LiftState = { is: 'resting', calmSamples: 0, layers: 0 };

/** How a link takes a try, look by look. */
export class TryWatch {
  #lossPct: number;
  #worse = 0;
  #clean = 0;
  #whole = 0;
  #looks = 0;

  /** `lossPct`: of before. */
  constructor(lossPct: number) {
    this.#lossPct = lossPct;
  }

  look({ lossPct, isThinned }: Pick<Look, 'lossPct' | 'isThinned'>): void {
    this.#looks++;
    this.#worse = lossPct >= TOO_MUCH_PCT && lossPct >= this.#lossPct ? this.#worse + 1 : 0;
    this.#clean = lossPct < CLEAN_PCT ? this.#clean + 1 : 0;
    this.#whole = isThinned ? 0 : Math.min(this.#whole + 1, this.#clean);
    this.#lossPct = lossPct;
  }

  get isTooMuch(): boolean {
    return this.#worse >= TOO_MUCH_LOOKS;
  }

  /** In a row; of the whole ones nothing is missing either. */
  get looks(): { readonly all: number; readonly clean: number; readonly whole: number } {
    return { all: this.#looks, clean: this.#clean, whole: this.#whole };
  }
}

export class EstimateLift {
  #state: LiftState = RESTING;
  #liftAfter: number = LIFT_AFTER.least;

  get isRising(): boolean {
    return this.#state.is === 'rising';
  }

  get bounds(): Bounds {
    switch (this.#state.is) {
      case 'resting':
        return { leastKbps: 0, mostKbps: 0 };
      case 'rising':
        return { leastKbps: this.#state.kbps, mostKbps: 0 };
      case 'giving way':
        return { leastKbps: 0, mostKbps: this.#state.mostKbps };
      default:
        return assertNever(this.#state);
    }
  }

  sample(availableKbps: number, look: Look): void {
    if (this.#state.is === 'rising') return;
    const { lossPct, isThinned, layers } = look;
    const isCalm = this.#state.is === 'resting' && isThinned && lossPct < CLEAN_PCT && layers >= this.#state.layers;
    const calmSamples = this.#state.is === 'resting' && isCalm ? this.#state.calmSamples + 1 : 0;
    this.#state = { is: 'resting', calmSamples, layers };
    if (calmSamples >= this.#liftAfter) this.begin(availableKbps, look);
  }

  /** The link takes `passedKbps`, as it seems. */
  begin(passedKbps: number, { lossPct, layers }: Look): void {
    this.#rise({ kbps: Math.max(passedKbps, LOWEST_KBPS), layers, idle: 0 }, lossPct);
  }

  look(look: Look): void {
    if (this.#state.is !== 'rising') return;
    const { kbps, passedKbps, watch, layers, idle } = this.#state;
    watch.look(look);
    const { all, clean, whole } = watch.looks;
    const isIdle = look.layers <= layers;
    if (watch.isTooMuch || all >= LOOKS.most) {
      this.#liftAfter = Math.min(this.#liftAfter * 2, LIFT_AFTER.most);
      this.#state = { is: 'giving way', mostKbps: passedKbps };
    } else if (whole >= LOOKS.whole) {
      this.#liftAfter = LIFT_AFTER.least;
      this.#state = RESTING;
    } else if (whole === 0 && clean >= LOOKS.step && (!isIdle || idle < IDLE_STEPS - 1)) {
      this.#rise({ kbps, layers: look.layers, idle: isIdle ? idle + 1 : 0 }, look.lossPct);
    }
  }

  /** Pictures are taken away. */
  stop(): void {
    this.#state = RESTING;
  }

  /** A step up from what was taken. */
  #rise({ kbps: passedKbps, layers, idle }: Step, lossPct: number): void {
    const kbps = Math.round(passedKbps * STEP);
    if (kbps <= TOP_KBPS) this.#state = { is: 'rising', kbps, passedKbps, layers, idle, watch: new TryWatch(lossPct) };
  }
}
