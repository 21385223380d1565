/**
 * Runs a test file of the drachtio-srf package against edges of ours: their containers are SIPp processes on loopback with the package's scenario files, their
 * addresses are redirected to them.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openEdge, SECRET, type TestEdge } from '../support/edges.ts';
import { freeUdpPort, PACKAGE_TESTS, SCENARIOS, type Sipp, sippUas } from '../support/sipp.ts';

/** Containers of their `docker-compose-testbed.yaml`: name, address, scenario. */
const CONTAINERS: readonly (readonly [name: string, address: string, scenario: string])[] = [
  ['sipp-uas-cancel', '172.29.0.12', 'uas-cancel.xml'],
  ['sipp-uas', '172.29.0.13', 'uas.xml'],
  ['sipp-uas-404', '172.29.0.14', 'uas-404.xml'],
  ['sipp-uas-auth', '172.29.0.15', 'uas-auth.xml'],
  ['sipp-uas-auth-register', '172.29.0.16', 'uas-auth-register.xml'],
  // Their package lacks this one.
  ['sipp-uas-auth-register-no-realm', '172.29.0.17', join(import.meta.dirname, '../scenarios/registerNoRealm.xml')],
  ['sipp-uas-refer', '172.29.0.18', 'uas-refer.xml'],
  ['sipp-uas-fast-reinvite', '172.29.0.20', 'uas-reinvite.xml'],
  ['sipp-uas-reinvite-overlap', '172.29.0.21', 'uas-reinvite-overlap.xml'],
  ['sipp-uas-302', '172.29.0.22', 'uas-302.xml'],
  ['sipp-uas-prack', '172.29.0.23', 'uas-prack.xml'],
  ['sipp-uas-bye-with-auth', '172.29.0.24', 'uas-bye-with-auth.xml'],
  ['sipp-uas-reinvite-with-auth', '172.29.0.25', 'uas-reinvite-with-auth.xml'],
  ['sipp-uas-options', '172.29.0.26', 'uas-options-expect-200.xml'],
  ['sipp-uas-407-no-auth-header', '172.29.0.27', 'uas-407-no-auth-header.xml'],
  ['sipp-uas-200-ok-no-contact-cancel', '172.29.0.28', 'uas-200-ok-no-contact-cancel.xml'],
  ['sipp-uas-fast-update', '172.29.0.29', 'uas-update-with-sdp.xml'],
];
/** Answered only while a test runs its SIPp. */
const TEARDOWN = 'sipp-uas-b-teardown';

export interface PackageResult {
  /** What each assertion says, in order. */
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** They said they were through. */
  readonly isEnd: boolean;
  readonly output: string;
}

/** `containers`: those the file calls. */
export async function runPackageTest(file: string, containers: readonly string[]): Promise<PackageResult> {
  const names = new Map<string, number>([[TEARDOWN, await freeUdpPort()]]);
  const stop: (() => Promise<void> | void)[] = [];
  let sut: TestEdge | undefined;
  try {
    for (const [name, address, scenario] of CONTAINERS.filter(([name]) => containers.includes(name))) {
      const uas: Sipp = await sippUas(scenario, { calls: 0 });
      stop.push(() => uas.stop());
      names.set(name, uas.port);
      names.set(address, uas.port);
    }
    const uasEdge = await openEdge();
    stop.push(() => uasEdge.close('test over'));
    names.set('172.29.0.19', uasEdge.sipPort);
    const redirect = <Where extends { host: string; port: number }>(where: Where): Where => {
      const port = names.get(where.host);
      return port === undefined ? where : { ...where, host: '127.0.0.1', port };
    };
    sut = await openEdge({ redirect });
    const edge = sut;
    stop.push(() => edge.close('test over'));
    names.set('drachtio-sut', edge.sipPort);
    const settings = {
      'drachtio-sut': { host: '127.0.0.1', port: edge.wirePort, secret: SECRET, enablePing: true, pingInterval: 5000 },
      'drachtio-uas': { host: '127.0.0.1', port: uasEdge.wirePort, secret: SECRET },
    };
    return await run(file, settings, Object.fromEntries(names));
  } finally {
    for (const close of stop.toReversed()) await close();
  }
}

async function run(file: string, settings: object, names: Readonly<Record<string, number>>): Promise<PackageResult> {
  const bin = mkdtempSync(join(tmpdir(), 'centralino-docker-'));
  const docker = join(import.meta.dirname, 'docker.mjs');
  chmodSync(docker, 0o755);
  symlinkSync(docker, join(bin, 'docker'));
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env['PATH']}`,
    DRACHTIO_TEST_SETTINGS: JSON.stringify(settings),
    DRACHTIO_TEST_NETWORK: JSON.stringify({ scenarios: SCENARIOS, names }),
  };
  const child = spawn(process.execPath, ['--require', join(import.meta.dirname, 'preload.cjs'), join(PACKAGE_TESTS, file)], {
    env,
    cwd: PACKAGE_TESTS,
  });
  const passed: string[] = [];
  const failed: string[] = [];
  let isEnd = false;
  let output = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    const told = line.startsWith('{') ? (JSON.parse(line) as { isOk?: boolean; what?: string; isEnd?: boolean }) : undefined;
    if (told?.isEnd) isEnd = true;
    else if (told?.isOk !== undefined) (told.isOk ? passed : failed).push(told.what ?? '');
    else output += `${line}\n`;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const hung = setTimeout(() => child.kill('SIGKILL'), 150_000);
  await new Promise<void>((resolve) => child.once('close', () => resolve()));
  clearTimeout(hung);
  rmSync(bin, { recursive: true });
  return { passed, failed, isEnd, output: output.slice(-4_000) };
}
