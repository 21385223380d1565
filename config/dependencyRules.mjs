/**
 * Which part may import which (README, "Layout"): config → src/base → {queues, sfu} → sip → src/* → src/main.
 * Checked by dependency-cruiser in `npm run check`. Tests and load tests may import anything.
 */
const ours = '^(config|queues|sip|sfu|src)/';

/** Third-party types stop where they enter. @param {string} name @param {string} owner the only folder that may import it */
const onlyIn = (name, owner) => ({
  name: `only ${owner} imports ${name}`,
  severity: 'error',
  from: { path: ours, pathNot: `^${owner}/` },
  to: { path: `(^|node_modules/)${name.replaceAll('.', '\\.')}(/|$)` },
});

/** @param {string} name @param {string} from @param {string} to @param {{ fromNot?: string, toNot?: string }} [but] */
const never = (name, from, to, { fromNot, toNot } = {}) => ({
  name,
  severity: 'error',
  from: { path: from, ...(fromNot ? { pathNot: fromNot } : {}) },
  to: { path: to, ...(toNot ? { pathNot: toNot } : {}) },
});

const npm = 'node_modules/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { path: ours }, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'resolvable', severity: 'error', from: { path: ours }, to: { couldNotResolve: true } },
    never('config-imports-nothing-of-ours', '^config/env\\.ts$', '^(queues|sip|sfu|src)/'),
    never('base-imports-config-only', '^src/base/', '^(queues|sip|sfu|src)/', { toNot: '^src/base/' }),
    never('queues-import-base-and-protocol', '^queues/', '^(sip|sfu|src)/', { toNot: '^src/(base|protocol)/' }),
    never('sfu-imports-base-only', '^sfu/', '^(sip|queues|src)/', { toNot: '^src/base/' }),
    never('sip-imports-queues-sfu-base-protocol-metrics', '^sip/', '^src/', { toNot: '^src/(base|protocol|metrics)/' }),
    never('main-and-roles-stand-on-top', '^(config|queues|sip|sfu|src)/', '^src/(main|roles)\\.ts$', {
      fromNot: '^src/(main|roles)\\.ts$',
    }),
    // The application knows no server from within: what it shares with ours is the wire's own words and readers of headers.
    never('sip-application-knows-no-server', '^sip/(app|flows|registrar)/', '^sip/edge/', {
      toNot: '^sip/edge/(protocol|headerText|nameAddr|uri)\\.ts$',
    }),
    never('product-imports-no-tests', ours, '^(test|loadtest)/', { fromNot: '^config/vitest' }),
    never('protocol-imports-zod-only', '^src/protocol/', '.', { toNot: '^src/protocol/|node_modules/zod/' }),
    never('events-import-zod-only', '^queues/events\\.ts$', '.', { toNot: '^src/protocol/|node_modules/zod/' }),
    never('web-imports-protocol-only', '^src/web/', '^(config|queues|sip|sfu|src)/', { toNot: '^src/(web|protocol)/' }),
    never('server-imports-no-web-code', '^(config|queues|sip|sfu|src)/', '^src/web/', { fromNot: '^src/web/' }),
    onlyIn('drachtio-srf', 'sip/app'),
    onlyIn('ioredis', 'queues'),
    onlyIn('bullmq', 'queues'),
    onlyIn('mediasoup', 'sfu'),
    onlyIn('uWebSockets.js', 'src/gateway'),
    never(
      'test-tools-stay-in-tests',
      '^(queues|sip|sfu|src)/',
      `${npm}(vitest|playwright-core|fast-check|autocannon|axe-core|socket\\.io)/`,
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
    exclude: { path: '^(node:|\\.data/)' },
  },
};
