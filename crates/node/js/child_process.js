// node:child_process, <https://nodejs.org/api/child_process.html>

(function (native) {
  const { builtin, inspect, invalidArgument, missing, outOfRange } = native;
  const EventEmitter = builtin('events');
  const { Buffer } = builtin('buffer');
  const { signals } = builtin('os').constants;
  const MOST_OUTPUT_BYTES = 1024 * 1024;

  function coded(Class, code, message) {
    const error = new Class(message);
    error.code = code;
    return error;
  }

  function systemError(code, syscall, file, args) {
    const error = new Error(`${syscall} ${code}`);
    Object.assign(error, { errno: native.describe(code), code, syscall });
    if (file !== undefined) error.path = file;
    if (args !== undefined) error.spawnargs = args;
    return error;
  }

  function signalNumber(signal) {
    if (typeof signal === 'number' && (signal === 0 || Object.values(signals).includes(signal))) return signal;
    const number = typeof signal === 'string' ? signals[signal.toUpperCase()] : undefined;
    if (number === undefined) throw coded(TypeError, 'ERR_UNKNOWN_SIGNAL', `Unknown signal: ${signal}`);
    return number;
  }

  // The arguments of `spawn`, checked: what the native part starts, and the options.
  function normalize(file, args, options) {
    if (typeof file !== 'string') throw invalidArgument('file', 'of type string', file);
    if (file.length === 0) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'file' cannot be empty. Received ''`);
    if (Array.isArray(args)) args = [...args];
    else if (args === undefined || args === null) args = [];
    else if (typeof args !== 'object') throw invalidArgument('args', 'of type object', args);
    else [args, options] = [[], args];
    options = options === undefined ? {} : options;
    if (options === null || typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
    options = { ...options };
    const check = (name, type) => {
      const value = options[name];
      if (value !== undefined && value !== null && typeof value !== type) {
        throw invalidArgument(`options.${name}`, `of type ${type}`, value);
      }
    };
    if (options.cwd instanceof URL) options.cwd = builtin('url').fileURLToPath(options.cwd);
    check('cwd', 'string');
    check('detached', 'boolean');
    check('argv0', 'string');
    for (const name of ['timeout', 'maxBuffer']) {
      const value = options[name];
      if (value !== undefined && value !== null && !(typeof value === 'number' && value >= 0)) {
        throw outOfRange(name, name === 'timeout' ? 'an unsigned integer' : 'a positive number', value);
      }
    }
    if (options.shell !== undefined && typeof options.shell !== 'boolean' && typeof options.shell !== 'string') {
      throw invalidArgument('options.shell', 'of type boolean or string', options.shell);
    }
    const texts = [['file', file], ['options.cwd', options.cwd ?? ''], ...args.map((arg, index) => [`args[${index}]`, arg])];
    for (const [name, text] of texts) {
      if (`${text}`.includes('\0')) {
        throw coded(TypeError, 'ERR_INVALID_ARG_VALUE',
          `The ${name.includes('.') ? 'property' : 'argument'} '${name}' must be a string without null bytes. Received ${inspect(text)}`);
      }
    }
    args = args.map(String);
    let argv0 = options.argv0;
    if (options.shell) {
      args = ['-c', [file, ...args].join(' ')];
      file = typeof options.shell === 'string' ? options.shell : '/bin/sh';
    }
    const env = options.env === undefined || options.env === null ? native.environment()
      : Object.entries(options.env).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`);
    return {
      spec: {
        file, args, argv0, env, cwd: options.cwd ?? undefined, detached: options.detached === true,
        stdio: streams(options.stdio),
      },
      spawnargs: [argv0 ?? file, ...args],
      options,
    };
  }

  // Where the three standard streams lead: 'pipe', nowhere (null), or a standard stream of ours.
  function streams(stdio) {
    if (stdio === undefined || stdio === null) stdio = 'pipe';
    const all = typeof stdio === 'string' ? [stdio, stdio, stdio] : stdio;
    if (!Array.isArray(all)) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'stdio' is invalid. Received ${inspect(stdio)}`);
    all.slice(3).forEach((leads) => {
      if (leads !== undefined && leads !== null && leads !== 'ignore') {
        throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'a child process with more than three streams is not part of Holm yet');
      }
    });
    return [0, 1, 2].map((index) => {
      const leads = all[index] ?? 'pipe';
      if (leads === 'pipe' || leads === 'overlapped') return 'pipe';
      if (leads === 'ignore') return null;
      if (leads === 'inherit') return index;
      const fd = typeof leads === 'number' ? leads : leads?.fd;
      if (fd === 0 || fd === 1 || fd === 2) return fd;
      if (leads === 'ipc' || typeof fd === 'number') {
        throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', `${leads === 'ipc' ? "stdio 'ipc'" : 'a file as stdio'} is not part of Holm yet`);
      }
      throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'stdio' is invalid. Received ${inspect(leads)}`);
    });
  }

  function outputStream(id, fd) {
    const { Readable } = builtin('stream');
    return new Readable({
      read() {
        native.read(id, fd, (error, bytes) => {
          if (error) this.destroy(systemError(error, 'read'));
          else this.push(bytes ?? null);
        });
      },
      destroy(error, callback) {
        native.close(id, fd);
        callback(error);
      },
    });
  }

  function inputStream(id) {
    const { Writable } = builtin('stream');
    return new Writable({
      decodeStrings: true,
      write(chunk, encoding, callback) {
        native.write(id, chunk, (error) => callback(error ? systemError(error, 'write') : null));
      },
      final(callback) {
        native.end(id);
        callback();
      },
      destroy(error, callback) {
        native.end(id);
        callback(error);
      },
    });
  }

  class ChildProcess extends EventEmitter {
    #id;
    #isEnded = false;
    #openStreams = 0;

    constructor() {
      super();
      this.pid = undefined;
      this.connected = false;
      this.signalCode = null;
      this.exitCode = null;
      this.killed = false;
      this.spawnfile = null;
    }

    spawn({ spec, spawnargs }) {
      this.spawnfile = spec.file;
      this.spawnargs = spawnargs;
      const started = native.start(spec);
      if (typeof started === 'string') {
        this.#neverRan(spec, started);
        return;
      }
      this.#id = started.id;
      this.pid = started.pid;
      const piped = (index) => spec.stdio[index] === 'pipe';
      this.stdin = piped(0) ? inputStream(started.id) : null;
      [this.stdout, this.stderr] = [1, 2].map((fd) => (piped(fd) ? this.#watched(outputStream(started.id, fd)) : null));
      this.stdio = [this.stdin, this.stdout, this.stderr];
      native.nextTick(() => this.emit('spawn'));
      started.wait((code, signal) => this.#ended(code ?? null, signal ?? null));
    }

    // What could not be started has streams all the same, which are closed.
    #neverRan({ file, args, stdio }, code) {
      const { PassThrough } = builtin('stream');
      this.stdio = stdio.map((leads) => (leads === 'pipe' ? new PassThrough() : null));
      [this.stdin, this.stdout, this.stderr] = this.stdio;
      native.nextTick(() => {
        this.exitCode = native.describe(code);
        this.emit('error', systemError(code, `spawn ${file}`, file, args));
        this.stdio.forEach((stream) => stream?.destroy());
        this.#openStreams = 0;
        this.emit('close', this.exitCode, null);
      });
    }

    #watched(stream) {
      this.#openStreams++;
      stream.once('close', () => {
        this.#openStreams--;
        this.#closeIfOver();
      });
      return stream;
    }

    #ended(code, signal) {
      this.#isEnded = true;
      [this.exitCode, this.signalCode] = [code, signal];
      this.stdin?.destroy();
      this.emit('exit', code, signal);
      // What nobody reads still has to be read to its end.
      native.nextTick(() => {
        for (const stream of [this.stdout, this.stderr]) {
          if (stream && !stream.destroyed && stream.readableFlowing === null && stream.listenerCount('readable') === 0) stream.resume();
        }
      });
      this.#closeIfOver();
    }

    #closeIfOver() {
      if (this.#isEnded && this.#openStreams === 0) {
        native.forget(this.#id);
        native.nextTick(() => this.emit('close', this.exitCode, this.signalCode));
      }
    }

    kill(signal = 'SIGTERM') {
      const number = signalNumber(signal);
      if (this.#id === undefined || this.#isEnded) return false;
      const sent = native.kill(this.#id, number);
      if (sent && number !== 0) this.killed = true;
      return sent;
    }

    ref() { if (this.#id !== undefined) native.keepAlive(this.#id, true); }
    unref() { if (this.#id !== undefined) native.keepAlive(this.#id, false); }
    [Symbol.dispose]() { if (!this.killed) this.kill(); }
  }
  for (const name of ['send', 'disconnect']) ChildProcess.prototype[name] = missing('child_process', `ChildProcess.prototype.${name}`);

  function spawn(file, args, options) {
    const normal = normalize(file, args, options);
    const child = new ChildProcess();
    child.spawn(normal);
    const { timeout, killSignal = 'SIGTERM', signal } = normal.options;
    if (timeout > 0) {
      let timer = setTimeout(() => {
        timer = null;
        child.kill(killSignal);
      }, timeout);
      child.once('exit', () => clearTimeout(timer));
    }
    if (signal !== undefined) endWith(signal, child, killSignal);
    return child;
  }

  function endWith(signal, child, killSignal) {
    if (typeof signal?.addEventListener !== 'function') throw invalidArgument('options.signal', 'an instance of AbortSignal', signal);
    const abort = () => {
      child.kill(killSignal);
      const error = coded(Error, 'ABORT_ERR', 'The operation was aborted');
      error.name = 'AbortError';
      if (signal.reason !== undefined) error.cause = signal.reason;
      child.emit('error', error);
    };
    if (signal.aborted) {
      native.nextTick(abort);
    } else {
      signal.addEventListener('abort', abort, { once: true });
      child.once('exit', () => signal.removeEventListener('abort', abort));
    }
  }

  function execFile(file, args, options, callback) {
    if (typeof args === 'function') [args, options, callback] = [[], {}, args];
    if (args !== undefined && args !== null && !Array.isArray(args)) [args, options, callback] = [[], args, options];
    if (typeof options === 'function') [options, callback] = [{}, options];
    options = { encoding: 'utf8', timeout: 0, maxBuffer: MOST_OUTPUT_BYTES, killSignal: 'SIGTERM', ...options };
    if (callback !== undefined && callback !== null && typeof callback !== 'function') {
      throw invalidArgument('callback', 'of type function', callback);
    }
    const { timeout, ...rest } = options;
    const child = spawn(file, args, { ...rest, shell: options.shell ?? false });
    const chunks = [[], []], lengths = [0, 0];
    const isText = options.encoding && options.encoding !== 'buffer' && Buffer.isEncoding(options.encoding);
    let failure = null, isDone = false, timer = null;
    const outputs = () => chunks.map((all) => {
      const bytes = Buffer.concat(all);
      return isText ? bytes.toString(options.encoding) : bytes;
    });
    const finish = (code, signal) => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      if (!callback) return;
      const [stdout, stderr] = outputs();
      if (!failure && code === 0 && signal === null) return callback(null, stdout, stderr);
      const command = [file, ...(args ?? [])].join(' ');
      failure ??= Object.assign(new Error(`Command failed: ${command}\n${stderr}`), {
        code: code < 0 ? undefined : code, killed: child.killed, signal,
      });
      failure.cmd ??= command;
      callback(Object.assign(failure, { stdout, stderr }), stdout, stderr);
    };
    const end = (error) => {
      failure = error;
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.kill(options.killSignal);
      finish(null, null);
    };
    [child.stdout, child.stderr].forEach((stream, index) => stream?.on('data', (chunk) => {
      const room = options.maxBuffer - lengths[index];
      lengths[index] += chunk.length;
      chunks[index].push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      if (chunk.length > room) {
        end(coded(RangeError, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER', `${index === 0 ? 'stdout' : 'stderr'} maxBuffer length exceeded`));
      }
    }));
    if (timeout > 0) timer = setTimeout(() => child.kill(options.killSignal), timeout);
    child.on('close', finish);
    child.on('error', end);
    return child;
  }

  function exec(command, options, callback) {
    if (typeof command !== 'string') throw invalidArgument('command', 'of type string', command);
    if (typeof options === 'function') [options, callback] = [undefined, options];
    const { shell } = options ?? {};
    return execFile(command, [], { ...options, shell: typeof shell === 'string' ? shell : true }, callback);
  }

  const promised = (run) => (...args) => {
    let child;
    const promise = new Promise((resolve, reject) => {
      child = run(...args, (error, stdout, stderr) => (error ? reject(error) : resolve({ stdout, stderr })));
    });
    promise.child = child;
    return promise;
  };
  for (const run of [exec, execFile]) {
    Object.defineProperty(run, Symbol.for('nodejs.util.promisify.custom'), { value: promised(run), enumerable: false });
  }

  function spawnSync(file, args, options) {
    const normal = normalize(file, args, options);
    const { spec } = normal;
    const given = { maxBuffer: MOST_OUTPUT_BYTES, killSignal: 'SIGTERM', timeout: 0, ...normal.options };
    let { input } = given;
    if (typeof input === 'string') input = Buffer.from(input, given.encoding === 'buffer' ? 'utf8' : given.encoding);
    else if (input !== undefined && input !== null && !ArrayBuffer.isView(input)) {
      throw invalidArgument('options.stdio[0]', 'of type string or an instance of Buffer, TypedArray, or DataView', input);
    }
    const ran = native.run(spec, {
      input, timeout: given.timeout, maxBuffer: given.maxBuffer ?? Infinity, killSignal: signalNumber(given.killSignal ?? 'SIGTERM'),
    });
    const shown = (bytes) => (bytes && given.encoding && given.encoding !== 'buffer' ? bytes.toString(given.encoding) : bytes ?? null);
    const [stdout, stderr] = [shown(ran.stdout), shown(ran.stderr)];
    const result = { pid: ran.pid ?? 0, output: ran.pid === undefined ? null : [null, stdout, stderr], stdout, stderr, status: ran.status ?? null, signal: ran.signal ?? null };
    if (ran.error) result.error = systemError(ran.error, `spawnSync ${spec.file}`, spec.file, spec.args);
    return result;
  }

  function outputOf(result, command, isInherited) {
    if (isInherited && result.stderr) process.stderr.write(result.stderr);
    if (result.error) throw Object.assign(result.error, result);
    if (result.status !== 0) {
      const text = `Command failed: ${command}${result.stderr?.length ? `\n${result.stderr}` : ''}`;
      throw Object.assign(new Error(text), result);
    }
    return result.stdout;
  }

  function execFileSync(file, args, options) {
    const { options: given } = normalize(file, args, options);
    const list = Array.isArray(args) ? args : [];
    return outputOf(spawnSync(file, list, given), [file, ...list].join(' '), given.stdio === undefined);
  }

  function execSync(command, options) {
    if (typeof command !== 'string') throw invalidArgument('command', 'of type string', command);
    const { shell } = options ?? {};
    const result = spawnSync(command, [], { ...options, shell: typeof shell === 'string' ? shell : true });
    return outputOf(result, command, options?.stdio === undefined);
  }

  return {
    ChildProcess, exec, execFile, execFileSync, execSync, spawn, spawnSync,
    _forkChild: missing('child_process', '_forkChild'),
    fork: missing('child_process', 'fork'),
  };
})
