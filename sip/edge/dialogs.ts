/**
 * All dialogs of this edge, found by what messages and what applications say. Early dialogs of one forked request stand side by side until one is answered.
 */
import type { Application } from './application.ts';
import type { Dialog } from './dialog.ts';
import type { SipMessage } from './message.ts';
import { tagOf } from './nameAddr.ts';

export class Dialogs {
  /** By Call-ID, local and remote tag (RFC 3261 12). */
  readonly #byTags = new Map<string, Dialog>();
  /** By the id of the wire; the newest first to be asked. */
  readonly #byWireId = new Map<string, Dialog[]>();

  get size(): number {
    return this.#byTags.size;
  }

  add(dialog: Dialog): void {
    this.#byTags.set(key(dialog.callId, dialog.localTag, dialog.remoteTag), dialog);
    const forks = this.#byWireId.get(dialog.id);
    if (forks) forks.push(dialog);
    else this.#byWireId.set(dialog.id, [dialog]);
  }

  remove(dialog: Dialog): void {
    this.#byTags.delete(key(dialog.callId, dialog.localTag, dialog.remoteTag));
    const forks = (this.#byWireId.get(dialog.id) ?? []).filter((other) => other !== dialog);
    if (forks.length > 0) this.#byWireId.set(dialog.id, forks);
    else this.#byWireId.delete(dialog.id);
  }

  /** To which a request of the network belongs: our tag is in its To. */
  ofRequest(request: SipMessage): Dialog | undefined {
    return this.#byTags.get(key(...parts(request, 'to', 'from')));
  }

  /** To which a response to a request of ours belongs: our tag is in its From. */
  ofResponse(response: SipMessage): Dialog | undefined {
    return this.#byTags.get(key(...parts(response, 'from', 'to')));
  }

  /** What an application means: the answered one of its forks, else the newest. */
  ofWireId(id: string): Dialog | undefined {
    const forks = this.#byWireId.get(id) ?? [];
    return forks.find((dialog) => dialog.state !== 'early' && !dialog.isOver) ?? forks.at(-1);
  }

  *all(): Iterable<Dialog> {
    yield* this.#byTags.values();
  }

  *ownedBy(application: Application | undefined): Iterable<Dialog> {
    for (const dialog of this.#byTags.values()) if (dialog.owner === application) yield dialog;
  }
}

function parts({ headers }: SipMessage, local: string, remote: string): [string, string, string] {
  return [headers.get('call-id') ?? '', tagOf(headers.get(local) ?? '') ?? '', tagOf(headers.get(remote) ?? '') ?? ''];
}

function key(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`;
}
