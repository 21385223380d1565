/**
 * How a trunk is registered now: what its provider answered last, or where it registered here. Read from Redis beside the configuration; while that is away, or
 * nothing was said yet, nothing is shown of it.
 */
import { z } from 'zod';
import type { Engine } from '../../queues/engine.ts';
import { readProviderState } from '../../sip/registrar/providers.ts';
import { time } from '../api/fields.ts';
import { AppError } from '../base/errors.ts';
import type { AccountId } from '../base/ids.ts';

export const registrationView = z.object({
  isRegistered: z.boolean(),
  code: z.number().int().optional().describe('SIP status of the provider’s last answer; absent: none came, or the trunk registers here'),
  reason: z.string().describe('What came with the status, or what the trunk that registers here says it is'),
  since: time.optional().describe('Since when it has been so'),
  at: time.optional().describe('When the provider was asked last'),
});

/** Undefined for trunks that do not register. */
export async function registrationOf(
  engine: Pick<Engine, 'config' | 'phones' | 'shelf'>,
  accountId: AccountId,
  trunk: { readonly id: string; readonly type: string; readonly is_active: boolean },
): Promise<z.infer<typeof registrationView> | undefined> {
  if (!trunk.is_active || trunk.type === 'address') return undefined;
  try {
    const scope = await engine.config.scopeOf(accountId);
    if (!scope) return undefined;
    if (trunk.type === 'provider') {
      const state = await readProviderState(engine, scope, trunk.id);
      if (!state) return undefined;
      const { code, reason, since, at } = state;
      return { isRegistered: state.until > Date.now(), ...(code > 0 && { code }), reason, since, at };
    }
    const bindings = await engine.phones.bindings(scope, trunk.id);
    return { isRegistered: bindings.length > 0, reason: bindings.map(({ userAgent }) => userAgent).join(', ') };
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') return undefined;
    throw error;
  }
}
