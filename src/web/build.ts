/**
 * Builds the browser bundles with Vite into a folder that the gateway serves: `widget.js` (one script, styles inside), `assets/` (hashed names)
 * and the pages. Called by the supervisor at start and by `npm run build:web`. Guarantees: does nothing when the sources have not changed,
 * and a folder is replaced as a whole, so that a build that fails or is killed leaves the old one serving.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKey } from './buildKey.ts';

const WEB = dirname(fileURLToPath(import.meta.url));
const PAGES = join(WEB, 'pages');
const KEY_FILE = 'build.json';

/** Puts the bundles into `outDir`. @returns whether anything had to be built */
export async function buildWeb(outDir: string): Promise<boolean> {
  const target = resolve(outDir);
  const key = await buildKey(WEB);
  if ((await builtKey(target)) === key) return false;
  const fresh = `${target}.${process.pid}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  try {
    await bundle(fresh);
    await writeFile(join(fresh, KEY_FILE), JSON.stringify({ key }));
    await replace(target, fresh);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return true;
}

async function bundle(outDir: string): Promise<void> {
  // Loaded here, so that a start with nothing to build does not pay for it.
  const { build } = await import('vite');
  const common = {
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    root: PAGES,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  } as const;
  const output = { outDir, emptyOutDir: false, target: 'es2022', reportCompressedSize: false } as const;
  await build({
    ...common,
    build: {
      ...output,
      lib: { entry: join(WEB, 'widget/main.tsx'), formats: ['iife'], name: 'centralinoWidget', fileName: () => 'widget.js' },
    },
  });
  // What the widget loads when there is a call, as a module of its own: `widget.js` stays small.
  await build({
    ...common,
    build: {
      ...output,
      modulePreload: false,
      rolldownOptions: {
        input: join(WEB, 'widget/callIsland.tsx'),
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: 'widget-call.js' },
      },
    },
  });
  const pages = ['index.html', 'demo/index.html', 'desk/index.html', 'invite/index.html'];
  await build({
    ...common,
    build: {
      ...output,
      // Small pictures and fonts stay files: the pages' policies forbid data addresses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: pages.map((page) => join(PAGES, page)) },
    },
  });
}

async function builtKey(target: string): Promise<string | undefined> {
  const text = await readFile(join(target, KEY_FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  try {
    return (JSON.parse(text) as { key?: string }).key;
  } catch (error) {
    // A half-written file is as good as none.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Swaps the folders; a second builder that was faster has put the same contents there. */
async function replace(target: string, fresh: string): Promise<void> {
  const old = `${target}.${process.pid}.old`;
  await rename(target, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  try {
    await rename(fresh, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
  }
  await rm(old, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outDir = process.env.WEB_DIST ?? join(process.env.DATA_DIR ?? '.data', 'web');
  const began = performance.now();
  const isBuilt = await buildWeb(outDir);
  process.stdout.write(
    isBuilt
      ? `web clients built in ${((performance.now() - began) / 1_000).toFixed(1)} s: ${outDir}\n`
      : `web clients are up to date: ${outDir}\n`,
  );
}
