/**
 * Counts one run of messages in the load generator: when each was sent, how often it arrived, how late.
 * Created per run. Messages carry their number behind a `#`, so a frame is read without parsing it.
 */
const HASH = 35;
const DIGITS = 8;

export class Meter {
  readonly #sentAt: Float64Array;
  readonly #senderOf: Int32Array;
  readonly #isMeasured: Uint8Array;
  #sent = 0;
  #expected = 0;
  #arrived = 0;
  /** Send-to-receive times of measured deliveries, in milliseconds. */
  readonly latenciesMs: number[] = [];

  /** `capacity`: most messages of the run. */
  constructor(capacity: number) {
    this.#sentAt = new Float64Array(capacity);
    this.#senderOf = new Int32Array(capacity);
    this.#isMeasured = new Uint8Array(capacity);
  }

  /** Books the next message. @returns the text to send. */
  book(sender: number, deliveries: number, isMeasured: boolean): string {
    const number = this.#sent++;
    this.#sentAt[number] = performance.now();
    this.#senderOf[number] = sender;
    this.#isMeasured[number] = isMeasured ? 1 : 0;
    this.#expected += deliveries;
    return `#${String(number).padStart(DIGITS, '0')} ${FILLER}`;
  }

  /** A delivery reached the socket; the sender's own echo is not counted. */
  arrived(frame: Buffer, receiver: number): void {
    const number = readNumber(frame);
    if (number < 0 || number >= this.#sent || this.#senderOf[number] === receiver) return;
    this.#arrived++;
    if (this.#isMeasured[number]) this.latenciesMs.push(performance.now() - (this.#sentAt[number] ?? 0));
  }

  get sent(): number {
    return this.#sent;
  }

  /** Deliveries that have not come. Below 0: some came twice. */
  get missing(): number {
    return this.#expected - this.#arrived;
  }
}

/** A line of chat of common length. */
const FILLER = 'Good morning, my parcel has not come yet, could you look where it is?';

function readNumber(frame: Buffer): number {
  const start = frame.indexOf(HASH) + 1;
  if (start === 0) return -1;
  let number = 0;
  for (let at = start; at < start + DIGITS; at++) {
    const digit = (frame[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}
