// node:os, <https://nodejs.org/api/os.html>

(function (native) {
  const { missing, platform, readFact, variable } = native;
  const isWindows = platform === 'win32';
  const KiB = 1024;

  const line = (path) => readFact(path)?.trim();
  const memory = (name) => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFact('/proc/meminfo') ?? '');
    return found === null ? 0 : Number(found[1]) * KiB;
  };

  function cpus() {
    const times = { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 };
    const plain = Array.from({ length: native.availableParallelism() }, () => (
      { model: 'unknown', speed: 0, times: { ...times } }));
    const blocks = readFact('/proc/cpuinfo')?.trim().split('\n\n');
    const counters = readFact('/proc/stat')?.match(/^cpu\d+ .*$/gm);
    if (blocks === undefined || counters?.length !== blocks.length) return plain;
    return blocks.map((block, index) => {
      const fact = (name) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(block)?.[1];
      const [user, nice, sys, idle, , irq] = counters[index].split(/\s+/).slice(1).map((ticks) => ticks * 10);
      return {
        model: fact('model name') ?? 'unknown',
        speed: Math.floor(fact('cpu MHz') ?? 0),
        times: { user, nice, sys, idle, irq },
      };
    });
  }

  function denied(what, flag) {
    const error = new Error(`${what} is not permitted: run again with ${flag} to allow it`);
    error.code = 'ERR_ACCESS_DENIED';
    return error;
  }

  function homedir() {
    const found = variable(isWindows ? 'USERPROFILE' : 'HOME');
    if (found === undefined) throw denied("the user's home folder", '--allow-env=HOME');
    return found;
  }

  function tmpdir() {
    const path = variable('TMPDIR') || variable('TMP') || variable('TEMP') || '/tmp';
    return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  }

  function userInfo(options) {
    const status = readFact('/proc/self/status'), accounts = readFact('/etc/passwd');
    const id = (name) => new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status ?? '')?.[1];
    const uid = id('Uid'), gid = id('Gid');
    const entry = accounts?.split('\n').map((text) => text.split(':')).find((fields) => fields[2] === uid);
    if (uid === undefined || entry === undefined) {
      throw denied('who the user is', '--allow-read=/proc/self/status,/etc/passwd');
    }
    const text = (value) => (options?.encoding === 'buffer' ? native.builtin('buffer').Buffer.from(value) : value);
    return {
      __proto__: null,
      uid: Number(uid),
      gid: Number(gid),
      username: text(entry[0]),
      homedir: text(entry[5]),
      shell: text(entry[6]),
    };
  }

  const priority = {
    __proto__: null,
    PRIORITY_LOW: 19,
    PRIORITY_BELOW_NORMAL: 10,
    PRIORITY_NORMAL: 0,
    PRIORITY_ABOVE_NORMAL: -7,
    PRIORITY_HIGH: -14,
    PRIORITY_HIGHEST: -20,
  };
  const names = { linux: 'Linux', darwin: 'Darwin', win32: 'Windows_NT', freebsd: 'FreeBSD' };

  return {
    arch: () => native.arch,
    availableParallelism: native.availableParallelism,
    cpus,
    endianness: () => (native.isLittleEndian ? 'LE' : 'BE'),
    freemem: () => memory('MemAvailable'),
    getPriority: missing('os', 'getPriority'),
    homedir,
    hostname: () => line('/proc/sys/kernel/hostname') ?? 'localhost',
    loadavg: () => (line('/proc/loadavg') ?? '0 0 0').split(' ').slice(0, 3).map(Number),
    machine: () => native.machine,
    networkInterfaces: missing('os', 'networkInterfaces'),
    platform: () => platform,
    release: () => line('/proc/sys/kernel/osrelease') ?? '0.0.0',
    setPriority: missing('os', 'setPriority'),
    tmpdir,
    totalmem: () => memory('MemTotal'),
    type: () => names[platform] ?? platform,
    uptime: () => Number((line('/proc/uptime') ?? '0').split(' ')[0]),
    userInfo,
    version: () => line('/proc/sys/kernel/version') ?? 'unknown',
    constants: Object.freeze({
      __proto__: null,
      UV_UDP_REUSEADDR: 4,
      dlopen: Object.freeze({ __proto__: null, RTLD_LAZY: 1, RTLD_NOW: 2, RTLD_GLOBAL: 256, RTLD_LOCAL: 0 }),
      errno: Object.freeze(native.errno),
      signals: Object.freeze(native.signals),
      priority: Object.freeze(priority),
    }),
    devNull: isWindows ? '\\\\.\\nul' : '/dev/null',
    EOL: isWindows ? '\r\n' : '\n',
  };
})
