/** drachtio-srf's own tests, the files of its package as they are, against this edge. */
import { expect, test } from 'vitest';
import { runPackageTest } from './drachtio/packageTests.ts';

// Not `subscribe.js`, which their own index leaves out as well: its scenario waits for a second NOTIFY that its application never sends. The same
// scenario is played to its end in `uas.js`.
const LONG_MS = 160_000;
const each = [
  { file: 'uas.js', containers: [], assertions: 8 },
  {
    file: 'uac.js',
    containers: [
      ...[
        'sipp-uas',
        'sipp-uas-302',
        'sipp-uas-prack',
        'sipp-uas-reinvite-overlap',
        'sipp-uas-reinvite-with-auth',
        'sipp-uas-auth',
        'sipp-uas-cancel',
      ],
      ...[
        'sipp-uas-407-no-auth-header',
        'sipp-uas-bye-with-auth',
        'sipp-uas-auth-register',
        'sipp-uas-auth-register-no-realm',
        'sipp-uas-fast-update',
      ],
    ],
    assertions: 19,
  },
  {
    file: 'b2b.js',
    containers: [
      'sipp-uas-prack',
      'sipp-uas',
      'sipp-uas-cancel',
      'sipp-uas-404',
      'sipp-uas-200-ok-no-contact-cancel',
      'sipp-uas-fast-reinvite',
    ],
    assertions: 18,
  },
  { file: 'proxy.js', containers: ['sipp-uas'], assertions: 2 },
  { file: 'refer.js', containers: [], assertions: 1 },
  { file: 'reinvite-tests.js', containers: [], assertions: 1 },
];

// Side by side: they wait for timers of SIP and of their scenarios, each beside edges of its own.
for (const { file, containers, assertions } of each) {
  test.concurrent(`drachtio-srf's own ${file} passes`, { timeout: LONG_MS }, async () => {
    const { passed, failed, isEnd, output } = await runPackageTest(file, containers);
    const story = [...passed.map((what) => `passed: ${what}`), ...failed.map((what) => `FAILED: ${what}`), output].join('\n');
    expect(failed, story).toEqual([]);
    expect(isEnd, story).toBe(true);
    expect(passed.length, story).toBeGreaterThanOrEqual(assertions);
  });
}
