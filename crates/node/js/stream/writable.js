// `stream.Writable`, <https://nodejs.org/api/stream.html#class-streamwritable>

(function ({ Buffer, nextTick, part }) {
  const { EventEmitter, Stream } = part('stream/legacy');
  const { make, AbortError } = part('stream/errors');
  const { construct, destroy, fail, undestroy } = part('stream/destroy');
  const { accessors, encodingOf, highWaterMark, takeMethods } = part('stream/options');

  // Written entries at the front of the queue before it is cut.
  const MAX_WRITTEN = 256;
  const nop = () => {};

  function WritableState(options, stream, isDuplex) {
    this.objectMode = Boolean(options?.objectMode || (isDuplex && options?.writableObjectMode));
    this.highWaterMark = highWaterMark(options, this.objectMode, isDuplex ? 'writableHighWaterMark' : undefined);
    this.length = 0;
    // Steps towards the end, in their order.
    this.ending = false;
    this.ended = false;
    this.finalCalled = false;
    this.prefinished = false;
    this.finished = false;
    this.destroyed = false;
    this.closed = false;
    this.closeEmitted = false;
    this.errored = null;
    this.errorEmitted = false;
    this.constructed = true;
    this.emitClose = options?.emitClose !== false;
    this.autoDestroy = options?.autoDestroy !== false;
    this.decodeStrings = options?.decodeStrings !== false;
    this.defaultEncoding = encodingOf(options);
    this.needDrain = false;
    this.corked = 0;
    this.bufferProcessing = false;
    // What is being written: its size and its callback, and whether `_write` still runs.
    this.writing = false;
    this.writelen = 0;
    this.writecb = null;
    this.sync = true;
    this.onwrite = (error) => afterWrite(stream, this, error);
    // The callback that waits for the end of the tick, and all that are still to be called.
    this.afterWriteTickInfo = null;
    this.afterWritePending = false;
    this.pendingcb = 0;
    this.endCallbacks = [];
    this.buffered = [];
    this.bufferedIndex = 0;
  }
  WritableState.prototype.getBuffer = function getBuffer() {
    return this.buffered.slice(this.bufferedIndex);
  };
  accessors(WritableState.prototype, {
    get bufferedRequestCount() { return this.buffered.length - this.bufferedIndex; },
  });

  function Writable(options) {
    const isDuplex = this instanceof Stream.Duplex;
    if (!isDuplex && !isInstance.call(Writable, this)) return new Writable(options);
    this._writableState = new WritableState(options, this, isDuplex);
    Stream.call(this, options);
    if (options) takeMethods(this, options, 'write', 'writev', 'destroy', 'final', 'construct');
    construct(this, () => begin(this));
  }
  // Nothing is written before the stream is constructed.
  function begin(stream) {
    const state = stream._writableState;
    if (!state.writing) writeBuffered(stream, state);
    finishIfDone(stream, state);
  }
  Object.setPrototypeOf(Writable.prototype, Stream.prototype);
  Object.setPrototypeOf(Writable, Stream);
  Writable.WritableState = WritableState;

  // A duplex stream inherits from `Readable`, and is a `Writable` all the same.
  const isInstance = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(Writable, Symbol.hasInstance, {
    value(object) {
      if (isInstance.call(this, object)) return true;
      return this === Writable && object?._writableState instanceof WritableState;
    },
  });

  Writable.prototype.pipe = function pipe() { fail(this, make.cannotPipe()); };

  const sizeOf = (state, chunk) => (state.objectMode ? 1 : chunk.length);

  // Gives an error where the chunk was refused, and else whether more is welcome.
  function accept(stream, chunk, encoding, callback) {
    const state = stream._writableState;
    if (typeof encoding === 'function') {
      callback = encoding;
      encoding = state.defaultEncoding;
    } else {
      if (!encoding) encoding = state.defaultEncoding;
      else if (encoding !== 'buffer' && !Buffer.isEncoding(encoding)) throw make.unknownEncoding(encoding);
      if (typeof callback !== 'function') callback = nop;
    }
    if (chunk === null) throw make.nullValues();
    if (!state.objectMode) {
      if (typeof chunk === 'string') {
        if (state.decodeStrings) {
          chunk = Buffer.from(chunk, encoding);
          encoding = 'buffer';
        }
      } else if (ArrayBuffer.isView(chunk)) {
        if (!(chunk instanceof Buffer)) chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
        encoding = 'buffer';
      } else {
        throw make.notChunk(chunk);
      }
    }
    let error;
    if (state.ending) error = make.writeAfterEnd();
    else if (state.destroyed) error = make.destroyed('write');
    if (error !== undefined) {
      nextTick(callback, error);
      fail(stream, error, true);
      return error;
    }
    state.pendingcb++;
    return writeOrQueue(stream, state, chunk, encoding, callback);
  }

  Writable.prototype.write = function write(chunk, encoding, callback) {
    return accept(this, chunk, encoding, callback) === true;
  };

  function writeOrQueue(stream, state, chunk, encoding, callback) {
    const size = sizeOf(state, chunk);
    state.length += size;
    if (state.writing || state.corked || state.errored || !state.constructed) {
      state.buffered.push({ chunk, encoding, callback });
    } else {
      startWrite(state, size, callback);
      stream._write(chunk, encoding, state.onwrite);
      state.sync = false;
    }
    // What was written at once takes no room.
    const isRoom = state.length < state.highWaterMark || state.length === 0;
    if (!isRoom) state.needDrain = true;
    return isRoom && !state.errored && !state.destroyed;
  }
  function startWrite(state, size, callback) {
    state.writelen = size;
    state.writecb = callback;
    state.writing = true;
    state.sync = true;
  }

  // The callback of `_write` and `_writev`.
  function afterWrite(stream, state, error) {
    const { sync, writecb } = state;
    if (writecb === null) {
      fail(stream, make.multipleCallback());
      return;
    }
    state.writing = false;
    state.writecb = null;
    state.length -= state.writelen;
    state.writelen = 0;
    if (error) {
      void error.stack;
      state.errored ??= error;
      const readable = stream._readableState;
      if (readable) readable.errored ??= error;
      if (sync) nextTick(writeFailed, stream, state, error, writecb);
      else writeFailed(stream, state, error, writecb);
      return;
    }
    if (state.bufferedIndex < state.buffered.length) writeBuffered(stream, state);
    if (sync) answerSoon(stream, state, writecb);
    else answer(stream, state, writecb, 1);
  }

  function writeFailed(stream, state, error, callback) {
    state.pendingcb--;
    callback(error);
    refuseBuffered(state);
    fail(stream, error);
  }

  // What was written at once is answered in the next tick: calls in a row with one callback, which
  // are common, in one tick.
  function answerSoon(stream, state, callback) {
    if (callback === nop) {
      // In object mode for no reason but that Node does.
      if (!state.afterWritePending && (state.objectMode || (state.needDrain && state.length === 0))) {
        state.afterWritePending = true;
        nextTick(answer, stream, state, callback, 1);
      } else {
        state.pendingcb--;
        if (state.ending) finishIfDone(stream, state, true);
      }
      return;
    }
    if (state.afterWriteTickInfo?.callback === callback) {
      state.afterWriteTickInfo.count++;
      return;
    }
    const info = { callback, count: 1 };
    state.afterWriteTickInfo = info;
    state.afterWritePending = true;
    nextTick(() => {
      state.afterWriteTickInfo = null;
      answer(stream, state, callback, info.count);
    });
  }

  function answer(stream, state, callback, count) {
    state.afterWritePending = false;
    if (state.needDrain && state.length === 0 && !state.ending && !state.destroyed) {
      state.needDrain = false;
      stream.emit('drain');
    }
    for (; count > 0; count--) {
      state.pendingcb--;
      callback(null);
    }
    if (state.destroyed) refuseBuffered(state);
    if (state.ending) finishIfDone(stream, state, true);
  }

  // What will never be written.
  function refuseBuffered(state) {
    if (state.writing) return;
    for (const { chunk, callback } of takeBuffered(state)) {
      state.length -= sizeOf(state, chunk);
      callback(state.errored ?? make.destroyed('write'));
    }
    tellEnd(state, state.errored ?? make.destroyed('end'));
  }
  function takeBuffered(state) {
    const taken = state.bufferedIndex === 0 ? state.buffered : state.buffered.slice(state.bufferedIndex);
    state.buffered = [];
    state.bufferedIndex = 0;
    return taken;
  }

  // Writes what had to wait: all of it together where the stream can, else one after the other.
  function writeBuffered(stream, state) {
    if (state.corked || state.bufferProcessing || state.destroyed || !state.constructed) return;
    const count = state.buffered.length - state.bufferedIndex;
    if (count === 0) return;
    state.bufferProcessing = true;
    if (count > 1 && stream._writev) writeTogether(stream, state, count);
    else writeInTurn(stream, state);
    state.bufferProcessing = false;
  }

  function writeTogether(stream, state, count) {
    // They are one call from here on.
    state.pendingcb -= count - 1;
    const chunks = takeBuffered(state);
    chunks.allBuffers = chunks.every(({ encoding }) => encoding === 'buffer');
    startWrite(state, state.length, chunks.every(({ callback }) => callback === nop) ? nop : (error) => {
      for (const { callback } of chunks) callback(error);
    });
    stream._writev(chunks, state.onwrite);
    state.sync = false;
  }

  function writeInTurn(stream, state) {
    const { buffered } = state;
    do {
      const { chunk, encoding, callback } = buffered[state.bufferedIndex];
      buffered[state.bufferedIndex++] = null;
      startWrite(state, sizeOf(state, chunk), callback);
      if (state.destroyed) state.onwrite(make.destroyed('write'));
      else stream._write(chunk, encoding, state.onwrite);
      state.sync = false;
    } while (state.buffered === buffered && state.bufferedIndex < buffered.length && !state.writing);
    if (state.buffered !== buffered) return;
    if (state.bufferedIndex === buffered.length) {
      takeBuffered(state);
    } else if (state.bufferedIndex > MAX_WRITTEN) {
      buffered.splice(0, state.bufferedIndex);
      state.bufferedIndex = 0;
    }
  }

  Writable.prototype._write = function (chunk, encoding, callback) {
    if (!this._writev) throw make.notImplemented('_write()');
    this._writev([{ chunk, encoding }], callback);
  };
  Writable.prototype._writev = null;

  Writable.prototype.cork = function cork() { this._writableState.corked++; };
  Writable.prototype.uncork = function uncork() {
    const state = this._writableState;
    if (state.corked === 0) return;
    state.corked--;
    if (!state.writing) writeBuffered(this, state);
  };
  Writable.prototype.setDefaultEncoding = function setDefaultEncoding(encoding) {
    if (typeof encoding === 'string') encoding = encoding.toLowerCase();
    if (!Buffer.isEncoding(encoding)) throw make.unknownEncoding(encoding);
    this._writableState.defaultEncoding = encoding;
    return this;
  };

  // The end: `end()`, then all is written, `_final`, 'prefinish', 'finish'.
  Writable.prototype.end = function end(chunk, encoding, callback) {
    const state = this._writableState;
    if (typeof chunk === 'function') [chunk, encoding, callback] = [null, null, chunk];
    else if (typeof encoding === 'function') [encoding, callback] = [null, encoding];
    let error;
    if (chunk !== null && chunk !== undefined) {
      const accepted = accept(this, chunk, encoding);
      if (accepted instanceof Error) error = accepted;
    }
    if (state.corked) {
      state.corked = 1;
      this.uncork();
    }
    if (error !== undefined) {
      // Told already.
    } else if (!state.errored && !state.ending) {
      state.ending = true;
      finishIfDone(this, state, true);
      state.ended = true;
    } else if (state.finished) {
      error = make.alreadyFinished('end');
    } else if (state.destroyed) {
      error = make.destroyed('end');
    }
    if (typeof callback === 'function') {
      if (error !== undefined) nextTick(callback, error);
      else if (state.errored) nextTick(callback, state.errored);
      else if (state.finished) nextTick(callback);
      else state.endCallbacks.push(callback);
    }
    return this;
  };

  const isAllDone = (state) => state.ending && !state.finished && !state.destroyed && state.constructed &&
    state.length === 0 && !state.writing && state.buffered.length === 0 &&
    !state.errored && !state.errorEmitted && !state.closeEmitted;

  function finishIfDone(stream, state, isSync) {
    if (!isAllDone(state)) return;
    prefinish(stream, state);
    if (state.pendingcb > 0) return;
    if (isSync) {
      state.pendingcb++;
      nextTick(() => {
        if (isAllDone(state)) finish(stream, state);
        else state.pendingcb--;
      });
    } else if (isAllDone(state)) {
      state.pendingcb++;
      finish(stream, state);
    }
  }

  function prefinish(stream, state) {
    if (state.prefinished || state.finalCalled) return;
    if (typeof stream._final === 'function') {
      state.finalCalled = true;
      callFinal(stream, state);
    } else {
      state.finalCalled = state.prefinished = true;
      stream.emit('prefinish');
    }
  }

  function callFinal(stream, state) {
    let isDone = false;
    const done = (error) => {
      if (isDone) {
        fail(stream, error ?? make.multipleCallback());
        return;
      }
      isDone = true;
      state.pendingcb--;
      if (error) {
        tellEnd(state, error);
        fail(stream, error, state.sync);
      } else if (isAllDone(state)) {
        state.prefinished = true;
        stream.emit('prefinish');
        // Others may be told of the end before 'finish'.
        state.pendingcb++;
        nextTick(finish, stream, state);
      }
    };
    state.sync = true;
    state.pendingcb++;
    try {
      stream._final(done);
    } catch (error) {
      done(error);
    }
    state.sync = false;
  }

  function finish(stream, state) {
    state.pendingcb--;
    state.finished = true;
    tellEnd(state, null);
    stream.emit('finish');
    if (!state.autoDestroy) return;
    const readable = stream._readableState;
    // A duplex stream ends with its second half.
    if (!readable || (readable.autoDestroy && (readable.endEmitted || readable.readable === false))) {
      stream.destroy();
    }
  }

  function tellEnd(state, error) {
    for (const callback of state.endCallbacks.splice(0)) callback(error);
  }

  Writable.prototype.destroy = function (error, done) {
    const state = this._writableState;
    if (!state.destroyed && (state.bufferedIndex < state.buffered.length || state.endCallbacks.length > 0)) {
      nextTick(refuseBuffered, state);
    }
    return destroy.call(this, error, done);
  };
  Writable.prototype._undestroy = undestroy;
  Writable.prototype._destroy = function (error, callback) { callback(error); };
  Writable.prototype[EventEmitter.captureRejectionSymbol] = function (error) { this.destroy(error); };
  Writable.prototype[Symbol.asyncDispose] = async function () {
    const error = this.destroyed || this.writableFinished ? null : new AbortError();
    if (!this.destroyed) this.destroy(error);
    await new Promise((resolve, reject) => {
      part('stream/finished').finished(this, (failure) => (failure && failure.name !== 'AbortError' ? reject(failure) : resolve()));
    });
  };

  accessors(Writable.prototype, {
    get closed() { return this._writableState ? this._writableState.closed : false; },
    get destroyed() { return this._writableState ? this._writableState.destroyed : false; },
    set destroyed(value) { if (this._writableState) this._writableState.destroyed = value; },
    get errored() { return this._writableState ? this._writableState.errored : null; },
    // Streams of before there were states may set it.
    get writable() {
      const state = this._writableState;
      return Boolean(state) && state.writable !== false && !state.destroyed && !state.errored &&
        !state.ending && !state.ended;
    },
    set writable(value) { if (this._writableState) this._writableState.writable = Boolean(value); },
    get writableAborted() {
      const state = this._writableState;
      return state.writable !== false && Boolean(state.destroyed || state.errored) && !state.finished;
    },
    get writableBuffer() { return this._writableState?.getBuffer(); },
    get writableCorked() { return this._writableState ? this._writableState.corked : 0; },
    get writableEnded() { return this._writableState ? this._writableState.ending : false; },
    get writableFinished() { return this._writableState ? this._writableState.finished : false; },
    get writableHighWaterMark() { return this._writableState?.highWaterMark; },
    get writableLength() { return this._writableState?.length; },
    get writableNeedDrain() {
      const state = this._writableState;
      return state ? !state.destroyed && !state.ending && state.needDrain : false;
    },
    get writableObjectMode() { return this._writableState ? this._writableState.objectMode : false; },
  });

  return { Writable, WritableState, begin };
})
