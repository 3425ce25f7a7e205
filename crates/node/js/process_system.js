// The members of `process` that few ask for, <https://nodejs.org/api/process.html>.

(function ({ availableBytes, builtin, coded, identity, invalidArgument, limitBytes, missing, send, umask, usage }) {
  function since(previous, name, { userCPUTime: user, systemCPUTime: system }) {
    if (previous === undefined) return { user, system };
    if (previous === null || typeof previous !== 'object') throw invalidArgument('prevValue', 'of type object', previous);
    for (const part of ['user', 'system']) {
      if (typeof previous[part] !== 'number') throw invalidArgument(`prevValue.${part}`, 'of type number', previous[part]);
    }
    return { user: user - previous.user, system: system - previous.system };
  }

  function kill(pid, signal = 'SIGTERM') {
    // eslint-disable-next-line eqeqeq
    if (pid != (pid | 0)) throw invalidArgument('pid', 'of type number', pid);
    const { signals } = builtin('os').constants;
    const number = typeof signal === 'number' ? signal : signals[signal];
    if (number === undefined) throw coded(TypeError, 'ERR_UNKNOWN_SIGNAL', `Unknown signal: ${signal}`);
    if (pid <= 0) missing('process', 'kill of a group')();
    const failed = send(Number(pid), number);
    if (failed !== undefined) {
      const error = coded(Error, failed, `kill ${failed}`);
      throw Object.assign(error, { errno: -builtin('os').constants.errno[failed], syscall: 'kill' });
    }
    return true;
  }

  function loadEnvFile(path = '.env') {
    const found = builtin('util').parseEnv(builtin('fs').readFileSync(path, 'utf8'));
    for (const [name, value] of Object.entries(found)) process.env[name] ??= value;
  }

  // Called with objects that are still there when the program ends.
  function finalization() {
    const registered = { exit: new Map(), beforeExit: new Map() };
    const register = (event) => (ref, callback) => {
      if (ref === null || (typeof ref !== 'object' && typeof ref !== 'function')) throw invalidArgument('obj', 'of type object', ref);
      if (typeof callback !== 'function') throw invalidArgument('fn', 'of type function', callback);
      if (registered[event].size === 0) {
        process.on(event, () => {
          const called = [...registered[event]];
          registered[event].clear();
          for (const [weak, then] of called) {
            const object = weak.deref();
            if (object !== undefined) then(object, event);
          }
        });
      }
      registered[event].set(new WeakRef(ref), callback);
    };
    return {
      register: register('exit'),
      registerBeforeExit: register('beforeExit'),
      unregister(ref) {
        for (const known of Object.values(registered)) {
          for (const weak of known.keys()) if (weak.deref() === ref) known.delete(weak);
        }
      },
    };
  }

  const toggled = (symbol, method) => (object) => {
    const act = object?.[Symbol.for(symbol)] ?? object?.[method];
    if (typeof act === 'function') Reflect.apply(act, object, []);
  };

  const members = {
    availableMemory: () => Math.min(availableBytes() ?? Infinity, limitBytes() ?? Infinity),
    constrainedMemory: () => limitBytes() ?? 0,
    cpuUsage: (previous) => since(previous, 'cpuUsage', usage(false)),
    debugPort: 9229,
    finalization: finalization(),
    getegid: () => identity().egid,
    geteuid: () => identity().euid,
    getgid: () => identity().gid,
    getgroups: () => identity().groups,
    getuid: () => identity().uid,
    kill,
    loadEnvFile,
    openStdin() {
      process.stdin.resume();
      return process.stdin;
    },
    ref: toggled('nodejs.ref', 'ref'),
    resourceUsage: () => ({
      sharedMemorySize: 0, unsharedDataSize: 0, unsharedStackSize: 0, swappedOut: 0, ipcSent: 0, ipcReceived: 0,
      signalsCount: 0, ...usage(false),
    }),
    setSourceMapsEnabled(value) {
      if (typeof value !== 'boolean') throw invalidArgument('val', 'of type boolean', value);
      if (value) missing('process', 'setSourceMapsEnabled(true)')();
    },
    sourceMapsEnabled: false,
    threadCpuUsage: (previous) => since(previous, 'threadCpuUsage', usage(true)),
    umask(mask) {
      if (mask !== undefined) missing('process', 'umask with a mask, which all isolates of the process would share,')();
      return umask() ?? 0;
    },
    unref: toggled('nodejs.unref', 'unref'),
  };
  for (const name of ['addUncaughtExceptionCaptureCallback', 'dlopen', 'execve', 'getActiveResourcesInfo', 'initgroups', 'setegid',
    'seteuid', 'setgid', 'setgroups', 'setuid']) {
    members[name] = missing('process', name);
  }
  return members;
})
