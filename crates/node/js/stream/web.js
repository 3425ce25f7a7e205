// Between these streams and those of the web: `toWeb` and `fromWeb`.
//
// <https://nodejs.org/api/stream.html#streamreadabletowebstreamreadable-options>

(function ({ Buffer, nextTick, part }) {
  const { AbortError, check, invalidArgument, make } = part('stream/errors');
  const question = part('stream/questions');
  const { finished } = part('stream/finished');

  const nop = () => {};

  // The end of a stream that did not come to one is an abort to who reads or writes.
  function shown(error) {
    if (error?.code !== 'ERR_STREAM_PREMATURE_CLOSE') return error;
    return new AbortError(undefined, { cause: error });
  }

  const strategyOf = (objectMode, highWaterMark) =>
    (objectMode ? new CountQueuingStrategy({ highWaterMark }) : new ByteLengthQueuingStrategy({ highWaterMark }));

  function plain(chunk, objectMode) {
    return !objectMode && chunk instanceof Uint8Array && chunk.constructor !== Uint8Array
      ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : chunk;
  }

  function destroy(stream, reason) {
    stream.on('error', nop);
    stream.destroy(reason);
  }

  function readableToWeb(stream, options = {}) {
    if (typeof stream?._readableState !== 'object') throw invalidArgument('streamReadable', 'an instance of stream.Readable', stream);
    check.object(options, 'options');
    const { type } = options;
    if (type !== undefined && type !== 'bytes') throw make.invalidValue('options.type', type, 'must be one of: \'bytes\', undefined');
    if (question.isDestroyed(stream) || !question.isReadable(stream)) {
      const empty = new ReadableStream({ type });
      empty.cancel();
      return empty;
    }
    const objectMode = stream.readableObjectMode;
    const strategy = options.strategy ?? (type === 'bytes' ? { highWaterMark: stream.readableHighWaterMark }
      : strategyOf(objectMode, stream.readableHighWaterMark));
    let controller;
    const onData = (chunk) => {
      controller.enqueue(plain(chunk, objectMode));
      if (controller.desiredSize <= 0) stream.pause();
    };
    stream.pause();
    finished(stream, { writable: false }, (error) => {
      stream.removeListener('data', onData);
      stream.on('error', nop);
      if (controller === undefined) return;
      const closed = controller;
      controller = undefined;
      if (error) closed.error(shown(error));
      else closed.close();
      closed.byobRequest?.respond(0);
    });
    stream.on('data', onData);
    return new ReadableStream({
      type,
      start(given) { controller = given; },
      pull() { stream.resume(); },
      cancel(reason) {
        controller = undefined;
        destroy(stream, reason);
      },
    }, strategy);
  }

  function readableFromWeb(Readable, stream, options = {}) {
    if (!(stream instanceof ReadableStream)) throw invalidArgument('readableStream', 'an instance of ReadableStream', stream);
    check.object(options, 'options');
    const { highWaterMark, encoding, objectMode = false, signal } = options;
    check.boolean(objectMode, 'options.objectMode');
    const reader = stream.getReader();
    let isClosed = false;
    const readable = new Readable({
      objectMode,
      highWaterMark,
      encoding,
      signal,
      read() {
        reader.read().then(({ done, value }) => readable.push(done ? null : value), (error) => { readable.destroy(error); });
      },
      destroy(error, callback) {
        const done = () => { nextTick(callback, error); };
        if (isClosed) done();
        else reader.cancel(error ?? undefined).then(done, done);
      },
    });
    reader.closed.then(() => { isClosed = true; }, (error) => {
      isClosed = true;
      readable.destroy(error);
    });
    return readable;
  }

  function writableToWeb(stream) {
    if (typeof stream?._writableState !== 'object') throw invalidArgument('streamWritable', 'an instance of stream.Writable', stream);
    if (question.isDestroyed(stream) || !question.isWritable(stream)) {
      const closed = new WritableStream();
      closed.close();
      return closed;
    }
    let controller;
    let room;
    let closing;
    const onDrain = () => { room?.resolve(); };
    finished(stream, { readable: false }, (error) => {
      stream.removeListener('drain', onDrain);
      stream.on('error', nop);
      if (error) {
        room?.reject(shown(error));
        closing?.reject(shown(error));
        if (closing === undefined) controller.error(shown(error));
      } else if (closing !== undefined) {
        closing.resolve();
      } else {
        controller.error(new AbortError());
      }
      controller = undefined;
    });
    stream.on('drain', onDrain);
    return new WritableStream({
      start(given) { controller = given; },
      write(chunk) {
        if (!stream.writableNeedDrain && stream.write(chunk)) return undefined;
        room = Promise.withResolvers();
        return room.promise.finally(() => { room = undefined; });
      },
      abort(reason) { destroy(stream, reason); },
      close() {
        if (closing === undefined && !question.isWritableEnded(stream)) {
          closing = Promise.withResolvers();
          stream.end();
        }
        return closing?.promise;
      },
    }, { highWaterMark: stream.writableHighWaterMark });
  }

  // What a writer of the web does for a stream: the options of a `Writable`.
  function writing(stream, { decodeStrings = true, objectMode = false }) {
    const writer = stream.getWriter();
    let isClosed = false;
    const bytes = (chunk, encoding) => (typeof chunk === 'string' && decodeStrings && !objectMode ? Buffer.from(chunk, encoding) : chunk);
    const told = (callback) => [() => { nextTick(callback); }, (error) => { nextTick(callback, error); }];
    return {
      watch(owner) {
        writer.closed.then(() => { isClosed = true; }, (error) => {
          isClosed = true;
          owner.destroy(error);
        });
      },
      methods: {
        writev(chunks, callback) {
          const all = () => Promise.all(chunks.map(({ chunk, encoding }) => writer.write(bytes(chunk, encoding))));
          writer.ready.then(all).then(...told(callback));
        },
        write(chunk, encoding, callback) {
          writer.ready.then(() => writer.write(bytes(chunk, encoding))).then(...told(callback));
        },
        final(callback) {
          if (isClosed) callback();
          else writer.close().then(...told(callback));
        },
      },
      end(error) {
        if (isClosed) return Promise.resolve();
        return (error == null ? writer.close() : writer.abort(error)).catch(nop);
      },
    };
  }

  function writableFromWeb(Writable, stream, options = {}) {
    if (!(stream instanceof WritableStream)) throw invalidArgument('writableStream', 'an instance of WritableStream', stream);
    check.object(options, 'options');
    const { highWaterMark, decodeStrings = true, objectMode = false, signal } = options;
    const to = writing(stream, { decodeStrings, objectMode });
    const writable = new Writable({
      objectMode,
      highWaterMark,
      decodeStrings,
      signal,
      ...to.methods,
      destroy(error, callback) { to.end(error).then(() => { nextTick(callback, error); }); },
    });
    to.watch(writable);
    return writable;
  }

  function duplexToWeb(duplex) {
    if (typeof duplex?._writableState !== 'object' || typeof duplex?._readableState !== 'object') {
      throw invalidArgument('duplex', 'an instance of stream.Duplex', duplex);
    }
    return { readable: readableToWeb(duplex), writable: writableToWeb(duplex) };
  }

  function duplexFromWeb(Duplex, pair, options = {}) {
    check.object(pair, 'pair');
    const { readable, writable } = pair;
    if (!(readable instanceof ReadableStream)) throw invalidArgument('pair.readable', 'an instance of ReadableStream', readable);
    if (!(writable instanceof WritableStream)) throw invalidArgument('pair.writable', 'an instance of WritableStream', writable);
    check.object(options, 'options');
    const { allowHalfOpen = false, objectMode = false, encoding, decodeStrings = true, highWaterMark, signal } = options;
    const to = writing(writable, { decodeStrings, objectMode });
    const reader = readable.getReader();
    let isReadClosed = false;
    const duplex = new Duplex({
      allowHalfOpen,
      highWaterMark,
      objectMode,
      encoding,
      decodeStrings,
      signal,
      ...to.methods,
      read() {
        reader.read().then(({ done, value }) => duplex.push(done ? null : value), (error) => { duplex.destroy(error); });
      },
      destroy(error, callback) {
        const cancelled = isReadClosed ? undefined : reader.cancel(error ?? undefined).catch(nop);
        Promise.all([cancelled, to.end(error)]).then(() => { nextTick(callback, error); });
      },
    });
    to.watch(duplex);
    reader.closed.then(() => { isReadClosed = true; }, (error) => {
      isReadClosed = true;
      duplex.destroy(error);
    });
    return duplex;
  }

  // A stream of the web as one of ours, which takes and gives anything.
  function adapted(stream) {
    const options = { objectMode: true };
    if (question.isWebReadable(stream)) return readableFromWeb(part('stream/readable').Readable, stream, options);
    if (question.isWebWritable(stream)) return writableFromWeb(part('stream/writable').Writable, stream, options);
    return duplexFromWeb(part('stream/duplex').Duplex, stream, options);
  }

  return { adapted, duplexFromWeb, duplexToWeb, readableFromWeb, readableToWeb, writableFromWeb, writableToWeb };
})
