// node:fs, <https://nodejs.org/api/fs.html>

(function (native) {
  const { Buffer, constants, invalidArgument, later, missing, now } = native;
  const { BigIntStats, Dir, Dirent, Stats } = native.classes;
  const { READ_BYTES, operations } = native;

  // At once.
  function runNow(steps) {
    let step = steps.next();
    while (!step.done) {
      const [name, ...args] = step.value;
      let result;
      try {
        result = now[name](...args);
      } catch (error) {
        step = steps.throw(error);
        continue;
      }
      step = steps.next(result);
    }
    return step.value;
  }

  // On other threads: so many calls at a time, since each holds what it reads or writes.
  const MAX_RUNNING = 8;
  const waiting = [];
  let running = 0;
  function start(name, args, done) {
    running++;
    try {
      later[name]((error, result) => {
        running--;
        next();
        done(error, result);
      }, ...args);
    } catch (error) {
      running--;
      native.nextTick(done, error);
    }
  }
  function next() {
    if (waiting.length > 0 && running < MAX_RUNNING) start(...waiting.shift());
  }
  // What is wrong with the arguments is thrown at once; `done` gets the rest.
  function runLater(steps, done) {
    const proceed = (step) => {
      if (step.done) {
        native.nextTick(done, null, step.value);
        return;
      }
      const [name, ...args] = step.value;
      const settled = (error, result) => {
        let following;
        try {
          following = error ? steps.throw(error) : steps.next(result);
        } catch (failure) {
          done(failure);
          return;
        }
        if (following.done) done(null, following.value);
        else proceed(following);
      };
      if (running < MAX_RUNNING) start(name, args, settled);
      else waiting.push([name, args, settled]);
    };
    proceed(steps.next());
  }

  const fs = {};
  const named = (name, value) => Object.defineProperty(value, 'name', { value: name });
  for (const [name, operation] of Object.entries(operations)) {
    fs[name] = named(name, (...args) => {
      const callback = args.findLast((arg, index) => index > 0 && arg !== undefined);
      if (typeof callback !== 'function') throw invalidArgument('cb', 'of type function', callback);
      args.length = args.lastIndexOf(callback);
      // Reading and writing tell the buffer too.
      const given = args[1];
      const buffer = ArrayBuffer.isView(given) ? given : given?.buffer ?? given;
      const more = /^(read|write)v?$/.test(name) ? [buffer] : [];
      runLater(operation(...args), (error, result) => {
        if (error) callback(error);
        else if (result === undefined) callback(null);
        else callback(null, result, ...more);
      });
    });
    fs[`${name}Sync`] = named(`${name}Sync`, (...args) => runNow(operation(...args)));
  }

  Object.assign(fs, {
    existsSync(path) {
      try {
        fs.accessSync(path);
        return true;
      } catch {
        return false;
      }
    },
    exists(path, callback) {
      if (typeof callback !== 'function') throw invalidArgument('cb', 'of type function', callback);
      try {
        fs.access(path, (error) => callback(!error));
      } catch {
        native.nextTick(callback, false);
      }
    },
    // Without arguments for a buffer it makes one.
    read: ((read) => named('read', (fd, ...args) => (
      args.length === 1 ? read(fd, { buffer: Buffer.alloc(READ_BYTES) }, ...args) : read(fd, ...args))))(fs.read),
    BigIntStats,
    Dir,
    Dirent,
    Stats,
    constants,
    F_OK: constants.F_OK,
    R_OK: constants.R_OK,
    W_OK: constants.W_OK,
    X_OK: constants.X_OK,
  });
  fs.realpath.native = fs.realpath;
  fs.realpathSync.native = fs.realpathSync;
  for (const name of [
    'chown', 'chownSync', 'fchown', 'fchownSync',
    'glob', 'globSync', 'lchown', 'lchownSync', 'openAsBlob', 'statfs', 'statfsSync',
    'unwatchFile', 'watch', 'watchFile',
  ]) fs[name] = missing('fs', name);

  // Importing `fs` asks for all of its members: what makes streams of these comes with the first.
  // Packages call them as functions, with objects of their own.
  let streams;
  const fileStreams = () => {
    if (streams === undefined) {
      streams = native.fileStreams();
      streams.complete(ReadStream, WriteStream);
    }
    return streams;
  };
  function ReadStream(path, options) {
    if (!(this instanceof ReadStream)) return new ReadStream(path, options);
    fileStreams().beginReading(this, path, options);
  }
  function WriteStream(path, options) {
    if (!(this instanceof WriteStream)) return new WriteStream(path, options);
    fileStreams().beginWriting(this, path, options);
  }
  Object.assign(fs, {
    ReadStream,
    WriteStream,
    FileReadStream: ReadStream,
    FileWriteStream: WriteStream,
    createReadStream(path, options) { return new ReadStream(path, options); },
    createWriteStream(path, options) { return new WriteStream(path, options); },
  });

  const asPromise = (steps) => new Promise((resolve, reject) => {
    runLater(steps, (error, result) => { if (error) reject(error); else resolve(result); });
  });
  let promises;
  Object.defineProperty(fs, 'promises', {
    configurable: true,
    enumerable: true,
    get: () => (promises ??= native.promises({ ...native, asPromise })),
  });
  return fs;
})
