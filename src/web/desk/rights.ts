/** What the signed-in person is shown. The server decides; this only spares people doors that would not open. */
import type { Me } from './api.ts';

export const mayConfigure = ({ user }: Me): boolean => user.role === 'admin' || user.role === 'super_admin';
export const mayReadCalls = (me: Me): boolean => maySupervise(me) || me.serves.length > 0;
export const maySupervise = (me: Me): boolean => mayConfigure(me) || me.supervises.length > 0;
