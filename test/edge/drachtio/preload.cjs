/**
 * Loaded before a test file of drachtio-srf's package, in a process of its own: takes the place of the two packages those files want and that do not come with it
 * (`tape`, `config`), and tells each result as a line of JSON. Their assertions are theirs; only the reporting is ours.
 */
const Module = require('node:module');
const { assert: nodeAssert } = { assert: require('node:assert') };

const settings = JSON.parse(process.env.DRACHTIO_TEST_SETTINGS);
const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

class Assertions {
  constructor(end) {
    this.end_ = end;
  }
  timeoutAfter() {}
  pass(what) {
    report({ isOk: true, what });
  }
  fail(what) {
    report({ isOk: false, what });
  }
  ok(value, what) {
    report({ isOk: Boolean(value), what });
  }
  error(error) {
    if (!error) return;
    report({ isOk: false, what: String(error?.stack ?? error) });
    this.end_();
  }
  throws(work, _kind, what) {
    try {
      nodeAssert.throws(work);
      this.pass(what);
    } catch {
      this.fail(what);
    }
  }
  doesNotThrow(work, what) {
    try {
      work();
      this.pass(what);
    } catch {
      this.fail(what);
    }
  }
  end(error) {
    if (error) this.fail(String(error?.stack ?? error));
    this.end_();
  }
}

let running = 0;
function tape(_name, body) {
  running++;
  body(
    new Assertions(() => {
      running--;
      if (running === 0) {
        report({ isEnd: true });
        setTimeout(() => process.exit(0), 100);
      }
    }),
  );
}

const stands = { tape, config: { get: (name) => settings[name] } };
const load = Module._load;
Module._load = function (request, ...rest) {
  return Object.hasOwn(stands, request) ? stands[request] : load.call(this, request, ...rest);
};
