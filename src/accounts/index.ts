/** The routes of accounts, access and routing configuration, and what else `main.ts` and the gateway take from here. */
import type { Route } from '../api/route.ts';
import { apiKeyRoutes } from '../auth/apiKeyRoutes.ts';
import { authRoutes } from '../auth/authRoutes.ts';
import { credentialRoutes } from '../auth/credentialRoutes.ts';
import { sessionRoutes } from '../auth/sessionRoutes.ts';
import { agentRoutes } from '../routing/agentRoutes.ts';
import { agentSkillRoutes } from '../routing/agentSkillRoutes.ts';
import { groupRoutes } from '../routing/groupRoutes.ts';
import { intakeRoutes } from '../routing/intakeRoutes.ts';
import { memberRoutes } from '../routing/memberRoutes.ts';
import { pauseReasonRoutes } from '../routing/pauseReasonRoutes.ts';
import { publicGroupRoutes } from '../routing/publicGroupRoutes.ts';
import { queueRoutes } from '../routing/queueRoutes.ts';
import { servingRoutes } from '../routing/servingRoutes.ts';
import { skillRoutes } from '../routing/skillRoutes.ts';
import { wrapUpRoutes } from '../routing/wrapUpRoutes.ts';
import { accountRoutes } from './accountRoutes.ts';
import { auditRoutes } from './auditRoutes.ts';
import type { AccessDeps } from './deps.ts';
import { userListRoutes } from './userListRoutes.ts';
import { userRoutes } from './userRoutes.ts';

export type { AccessDeps } from './deps.ts';

export function accessRoutes(deps: AccessDeps): Route[] {
  return [
    authRoutes,
    sessionRoutes,
    credentialRoutes,
    accountRoutes,
    userListRoutes,
    userRoutes,
    queueRoutes,
    memberRoutes,
    skillRoutes,
    agentSkillRoutes,
    pauseReasonRoutes,
    groupRoutes,
    publicGroupRoutes,
    agentRoutes,
    wrapUpRoutes,
    intakeRoutes,
    servingRoutes,
    apiKeyRoutes,
    auditRoutes,
  ].flatMap((routes) => routes(deps));
}
