/**
 * Compiles the mediasoup worker from the sources inside its npm package, with Debian's libraries and the adapter headers
 * in `sfu/workerBuild` (each says what it stands in for). Low priority; what was compiled before a kill is not compiled again.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { availableParallelism, endianness, totalmem } from 'node:os';
import { basename, join, relative } from 'node:path';
import { filesBelow, packageDir, recipeDir } from './workerBinary.mjs';

const LIBRARIES = ['uv', 'ssl', 'crypto', 'srtp2', 'flatbuffers', 'absl_strings', 'absl_bad_optional_access', 'absl_throw_delegate'];
/** One compiler takes up to this much memory. */
const BYTES_PER_JOB = 1_000_000_000;

/**
 * Leaves a finished binary at `target`; all else stays in `workDir`.
 * @param {{ workDir: string, target: string, onProgress: (done: number, total: number) => void, signal: AbortSignal }} options
 */
export async function compileWorker({ workDir, target, onProgress, signal }) {
  const worker = join(packageDir, 'worker');
  const generated = join(workDir, 'generated');
  const objects = join(workDir, 'objects');
  mkdirSync(join(generated, 'FBS'), { recursive: true });
  mkdirSync(objects, { recursive: true });
  generateSchemas(join(worker, 'fbs'), join(generated, 'FBS'));

  const includes = [
    join(recipeDir, 'include'),
    join(worker, 'include'),
    generated,
    join(worker, 'fbs'),
    join(worker, 'deps/libwebrtc'),
    join(worker, 'deps/libwebrtc/libwebrtc'),
  ];
  const flags = [
    '-O2',
    '-std=c++20',
    '-w',
    '-DNDEBUG',
    `-DMS_${endianness() === 'LE' ? 'LITTLE' : 'BIG'}_ENDIAN`,
    '-DMS_EXECUTABLE',
    '-DFLATBUFFERS_LOCALE_INDEPENDENT=1',
    ...includes.map((dir) => `-I${dir}`),
  ];
  const sources = [...filesBelow(join(worker, 'src')), ...filesBelow(join(worker, 'deps/libwebrtc'))].filter((file) =>
    /\.(cpp|cc)$/.test(file),
  );
  const objectOf = (/** @type {string} */ source) => join(objects, `${relative(worker, source).replaceAll('/', '_')}.o`);

  let done = 0;
  const waiting = [...sources];
  const compileNext = async () => {
    for (let source = waiting.shift(); source; source = waiting.shift()) {
      const object = objectOf(source);
      if (!existsSync(object)) {
        const extra = basename(source) === 'DtlsTransport.cpp' ? ['-include', join(recipeDir, 'bioCallback.h')] : [];
        await run('g++', [...flags, ...extra, '-c', source, '-o', `${object}.part`], signal);
        renameSync(`${object}.part`, object);
      }
      onProgress(++done, sources.length);
    }
  };
  const jobs = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / BYTES_PER_JOB)));
  await Promise.allSettled(Array.from({ length: jobs }, compileNext)).then(throwFirst);
  await run('g++', [...sources.map(objectOf), '-o', target, '-pthread', ...LIBRARIES.map((name) => `-l${name}`)], signal);
}

/** All jobs have ended by now. @param {PromiseSettledResult<void>[]} results */
function throwFirst(results) {
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** @param {string} from @param {string} to */
function generateSchemas(from, to) {
  const schemas = filesBelow(from).filter((file) => file.endsWith('.fbs'));
  const style = ['--cpp', '--cpp-field-case-style', 'lower', '--reflect-names', '--scoped-enums', '--filename-suffix', ''];
  const result = spawnSync('flatc', [...style, '-o', to, ...schemas], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`flatc failed: ${result.stderr || result.stdout || result.error}`);
}

/** @param {string} command @param {string[]} args @param {AbortSignal} signal @returns {Promise<void>} */
function run(command, args, signal) {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    // A group of its own: a compiler is several processes, and all of them end when we are told to.
    const child = spawn('nice', ['-n', '15', command, ...args], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    const kill = () => child.pid && process.kill(-child.pid, 'SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    let trouble = '';
    child.stderr.on('data', (chunk) => {
      trouble = (trouble + chunk).slice(-4_000);
    });
    child.once('error', reject);
    child.once('close', (code, by) => {
      signal.removeEventListener('abort', kill);
      if (code === 0) resolve();
      else reject(new Error(`${command} failed (${code ?? by}): ${trouble}`));
    });
  });
}
