/** What a client is called at the desk: the name they gave, or "Visitor" with the end of their id, so that two nameless ones are told apart. */
import type { InteractionView } from '../socket/wire.ts';
import { t } from './texts.ts';

export const clientName = ({ id, name }: Pick<InteractionView['client'], 'id' | 'name'>): string =>
  name || t('client.visitor', { tag: id.slice(-4).toUpperCase() });
