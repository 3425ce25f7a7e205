// `stream.Readable`, <https://nodejs.org/api/stream.html#class-streamreadable>
//
// `flowing` is `null` before anybody said how to read, and then whether chunks are emitted as
// they come. 'readable' listeners go before 'data' listeners: they keep a stream from flowing.

(function ({ Buffer, builtin, nextTick, part }) {
  const { EventEmitter, Stream } = part('stream/legacy');
  const { make, outOfRange } = part('stream/errors');
  const { construct, destroy, fail, undestroy } = part('stream/destroy');
  const { accessors, encodingOf, highWaterMark, takeMethods } = part('stream/options');
  const { clear, first, prepend, take } = part('stream/chunks');

  const MAX_HIGH_WATER_MARK = 0x40000000;

  function ReadableState(options, stream, isDuplex) {
    this.objectMode = Boolean(options?.objectMode || (isDuplex && options?.readableObjectMode));
    this.highWaterMark = highWaterMark(options, this.objectMode, isDuplex ? 'readableHighWaterMark' : undefined);
    this.buffer = [];
    this.bufferIndex = 0;
    this.length = 0;
    this.flowing = null;
    this.paused = null;
    this.ended = false;
    this.endEmitted = false;
    // `_read` was called and has not pushed yet; whether it still runs.
    this.reading = false;
    this.sync = true;
    this.constructed = true;
    // 'readable' is to be emitted with the next chunk, or will be in the next tick.
    this.needReadable = false;
    this.emittedReadable = false;
    this.readableListening = false;
    this.resumeScheduled = false;
    this.readingMore = false;
    this.dataEmitted = false;
    this.emitClose = options?.emitClose !== false;
    this.autoDestroy = options?.autoDestroy !== false;
    this.destroyed = false;
    this.errored = null;
    this.errorEmitted = false;
    this.closed = false;
    this.closeEmitted = false;
    this.defaultEncoding = encodingOf(options);
    this.pipes = [];
    // The one, or a set of those, that this waits for.
    this.awaitDrainWriters = null;
    this.multiAwaitDrain = false;
    this.decoder = null;
    this.encoding = null;
    if (options?.encoding) {
      this.decoder = newDecoder(options.encoding);
      this.encoding = options.encoding;
    }
  }
  accessors(ReadableState.prototype, {
    get pipesCount() { return this.pipes.length; },
  });
  const newDecoder = (encoding) => new (builtin('string_decoder').StringDecoder)(encoding);

  function Readable(options) {
    if (!(this instanceof Readable)) return new Readable(options);
    this._readableState = new ReadableState(options, this, this instanceof Stream.Duplex);
    Stream.call(this, options);
    if (options) takeMethods(this, options, 'read', 'destroy', 'construct');
    construct(this, () => begin(this));
  }
  function begin(stream) {
    if (stream._readableState.needReadable) readAhead(stream, stream._readableState);
  }
  Object.setPrototypeOf(Readable.prototype, Stream.prototype);
  Object.setPrototypeOf(Readable, Stream);
  Readable.ReadableState = ReadableState;

  Readable.prototype.destroy = destroy;
  Readable.prototype._undestroy = undestroy;
  Readable.prototype._destroy = function (error, callback) { callback(error); };
  Readable.prototype[EventEmitter.captureRejectionSymbol] = function (error) { this.destroy(error); };

  // Chunks come in.
  Readable.prototype.push = function push(chunk, encoding) {
    return add(this, this._readableState, chunk, encoding, false);
  };
  Readable.prototype.unshift = function unshift(chunk, encoding) {
    return add(this, this._readableState, chunk, encoding, true);
  };

  const wantsMore = (state) => !state.ended && (state.length < state.highWaterMark || state.length === 0);

  function add(stream, state, chunk, encoding, isFirst) {
    if (chunk === null) {
      state.reading = false;
      endOfChunks(stream, state);
      return false;
    }
    if (state.objectMode) {
      encoding = undefined;
    } else {
      if (typeof chunk === 'string') {
        encoding ||= state.defaultEncoding;
        if (state.encoding !== encoding) {
          chunk = Buffer.from(chunk, encoding);
          // Text that was given as other text is not decoded once more.
          if (state.encoding) chunk = chunk.toString(state.encoding);
          else encoding = '';
        }
      } else if (ArrayBuffer.isView(chunk)) {
        if (!(chunk instanceof Buffer)) chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
        encoding = '';
      } else if (chunk !== undefined) {
        fail(stream, make.notChunk(chunk));
        return false;
      }
      if (!chunk || chunk.length <= 0) {
        if (isFirst) return wantsMore(state);
        state.reading = false;
        readAhead(stream, state);
        return wantsMore(state);
      }
    }
    return isFirst ? addFirst(stream, state, chunk) : addLast(stream, state, chunk, encoding);
  }

  function addFirst(stream, state, chunk) {
    if (state.endEmitted) fail(stream, make.unshiftAfterEnd());
    else if (state.destroyed || state.errored) return false;
    else store(stream, state, chunk, true);
    return wantsMore(state);
  }

  function addLast(stream, state, chunk, encoding) {
    if (state.ended) {
      fail(stream, make.pushAfterEnd());
      return false;
    }
    if (state.destroyed || state.errored) return false;
    state.reading = false;
    if (state.decoder !== null && !encoding) {
      chunk = state.decoder.write(chunk);
      if (!state.objectMode && chunk.length === 0) {
        readAhead(stream, state);
        return wantsMore(state);
      }
    }
    store(stream, state, chunk, false);
    return wantsMore(state);
  }

  function store(stream, state, chunk, isFirst) {
    if (state.flowing && state.length === 0 && !state.sync && stream.listenerCount('data') > 0) {
      forgetWriters(state);
      state.dataEmitted = true;
      stream.emit('data', chunk);
    } else {
      state.length += state.objectMode ? 1 : chunk.length;
      if (isFirst) prepend(state, chunk);
      else state.buffer.push(chunk);
      if (state.needReadable) emitReadableSoon(stream, state);
    }
    readAhead(stream, state);
  }
  // Whoever reads needs not wait for those who write.
  function forgetWriters(state) {
    if (state.multiAwaitDrain) state.awaitDrainWriters.clear();
    else state.awaitDrainWriters = null;
  }

  function endOfChunks(stream, state) {
    if (state.ended) return;
    const rest = state.decoder?.end();
    if (rest?.length) {
      state.buffer.push(rest);
      state.length += state.objectMode ? 1 : rest.length;
    }
    state.ended = true;
    if (state.sync) {
      // In the middle of `read()`, which will tell.
      emitReadableSoon(stream, state);
    } else {
      state.needReadable = false;
      state.emittedReadable = true;
      emitReadable(stream, state);
    }
  }

  function emitReadableSoon(stream, state) {
    state.needReadable = false;
    if (state.emittedReadable) return;
    state.emittedReadable = true;
    nextTick(emitReadable, stream, state);
  }
  function emitReadable(stream, state) {
    if (!state.destroyed && !state.errored && (state.length || state.ended)) {
      stream.emit('readable');
      state.emittedReadable = false;
    }
    // Not where a pipe is about to read, nor where there is enough, nor at the end.
    state.needReadable = !state.flowing && !state.ended && state.length <= state.highWaterMark;
    flow(stream);
  }

  // Fills the buffer up to the mark, in the next tick.
  function readAhead(stream, state) {
    if (state.readingMore || !state.constructed) return;
    state.readingMore = true;
    nextTick(fill, stream, state);
  }
  function fill(stream, state) {
    while (!state.reading && !state.ended &&
        (state.length < state.highWaterMark || (state.flowing && state.length === 0))) {
      const before = state.length;
      stream.read(0);
      if (state.length === before) break;
    }
    state.readingMore = false;
  }

  // Chunks go out.
  function raisedMark(count) {
    if (count > MAX_HIGH_WATER_MARK) throw outOfRange('size', '<= 1GiB', count);
    return 2 ** Math.ceil(Math.log2(count));
  }
  function countToRead(wanted, state) {
    if (wanted <= 0 || (state.length === 0 && state.ended)) return 0;
    if (state.objectMode) return 1;
    if (Number.isNaN(wanted)) {
      return state.flowing && state.length > 0 ? first(state).length : state.length;
    }
    if (wanted <= state.length) return wanted;
    return state.ended ? state.length : 0;
  }

  Readable.prototype.read = function read(size) {
    const state = this._readableState;
    const wanted = size === undefined ? NaN : Number.isInteger(size) ? size : Number.parseInt(size, 10);
    if (wanted > state.highWaterMark) state.highWaterMark = raisedMark(wanted);
    if (wanted !== 0) state.emittedReadable = false;
    // `read(0)` only makes things happen; where enough is there, that is telling of it.
    if (wanted === 0 && state.needReadable && (state.ended ||
        (state.highWaterMark === 0 ? state.length > 0 : state.length >= state.highWaterMark))) {
      if (state.length === 0 && state.ended) endSoon(this, state);
      else emitReadableSoon(this, state);
      return null;
    }
    let count = countToRead(wanted, state);
    if (count === 0 && state.ended) {
      if (state.length === 0) endSoon(this, state);
      return null;
    }
    const isLow = state.needReadable || state.length === 0 || state.length - count < state.highWaterMark;
    if (isLow && !state.ended && !state.reading && !state.destroyed && !state.errored && state.constructed) {
      callRead(this, state);
      // What was pushed at once may be enough now.
      if (!state.reading) count = countToRead(wanted, state);
    }
    const chunk = count > 0 ? take(count, state) : null;
    if (chunk === null) {
      state.needReadable = state.length <= state.highWaterMark;
      count = 0;
    } else {
      state.length -= count;
      forgetWriters(state);
    }
    if (state.length === 0) {
      if (!state.ended) state.needReadable = true;
      else if (wanted !== count) endSoon(this, state);
    }
    if (chunk !== null && !state.errorEmitted && !state.closeEmitted) {
      state.dataEmitted = true;
      this.emit('data', chunk);
    }
    return chunk;
  };

  function callRead(stream, state) {
    state.reading = true;
    state.sync = true;
    if (state.length === 0) state.needReadable = true;
    try {
      stream._read(state.highWaterMark);
    } catch (error) {
      fail(stream, error);
    }
    state.sync = false;
  }

  Readable.prototype._read = function () { throw make.notImplemented('_read()'); };

  function endSoon(stream, state) {
    if (state.endEmitted) return;
    state.ended = true;
    nextTick(end, stream, state);
  }
  function end(stream, state) {
    // What was put back in the meantime is read first.
    if (state.errored || state.closeEmitted || state.endEmitted || state.length > 0) return;
    state.endEmitted = true;
    stream.emit('end');
    if (stream.writable && stream.allowHalfOpen === false) {
      nextTick(endWritable, stream);
    } else if (state.autoDestroy) {
      const writable = stream._writableState;
      // A duplex stream ends with its second half.
      if (!writable || (writable.autoDestroy && (writable.finished || writable.writable === false))) {
        stream.destroy();
      }
    }
  }
  function endWritable(stream) {
    if (stream.writable && !stream.writableEnded && !stream.destroyed) stream.end();
  }

  // How it is read.
  Readable.prototype.on = function on(type, listener) {
    const result = Stream.prototype.on.call(this, type, listener);
    const state = this._readableState;
    if (type === 'data') {
      state.readableListening = this.listenerCount('readable') > 0;
      if (state.flowing !== false) this.resume();
    } else if (type === 'readable' && !state.endEmitted && !state.readableListening) {
      state.readableListening = state.needReadable = true;
      state.flowing = false;
      state.emittedReadable = false;
      if (state.length > 0) emitReadableSoon(this, state);
      else if (!state.reading) nextTick(readNothing, this);
    }
    return result;
  };
  Readable.prototype.addListener = Readable.prototype.on;
  const readNothing = (stream) => { stream.read(0); };

  // Who removes a listener may add another one in the same tick.
  Readable.prototype.removeListener = function removeListener(type, listener) {
    const result = Stream.prototype.removeListener.call(this, type, listener);
    if (type === 'readable') nextTick(updateListening, this);
    return result;
  };
  Readable.prototype.off = Readable.prototype.removeListener;
  Readable.prototype.removeAllListeners = function removeAllListeners(...types) {
    const result = Stream.prototype.removeAllListeners.apply(this, types);
    if (types[0] === 'readable' || types[0] === undefined) nextTick(updateListening, this);
    return result;
  };
  function updateListening(stream) {
    const state = stream._readableState;
    state.readableListening = stream.listenerCount('readable') > 0;
    if (state.resumeScheduled && state.paused === false) state.flowing = true;
    else if (stream.listenerCount('data') > 0) stream.resume();
    else if (!state.readableListening) state.flowing = null;
  }

  Readable.prototype.resume = function resume() {
    const state = this._readableState;
    if (!state.flowing) {
      state.flowing = !state.readableListening;
      if (!state.resumeScheduled) {
        state.resumeScheduled = true;
        nextTick(startFlow, this, state);
      }
    }
    state.paused = false;
    return this;
  };
  function startFlow(stream, state) {
    if (!state.reading) stream.read(0);
    state.resumeScheduled = false;
    stream.emit('resume');
    flow(stream);
    if (state.flowing && !state.reading) stream.read(0);
  }
  function flow(stream) {
    const state = stream._readableState;
    while (state.flowing && stream.read() !== null);
  }

  Readable.prototype.pause = function pause() {
    const state = this._readableState;
    if (state.flowing !== false) {
      state.flowing = false;
      this.emit('pause');
    }
    state.paused = true;
    return this;
  };
  Readable.prototype.isPaused = function isPaused() {
    const state = this._readableState;
    return state.paused === true || state.flowing === false;
  };

  Readable.prototype.setEncoding = function setEncoding(encoding) {
    const decoder = newDecoder(encoding), state = this._readableState;
    state.decoder = decoder;
    state.encoding = decoder.encoding;
    const text = state.buffer.slice(state.bufferIndex).map((chunk) => decoder.write(chunk)).join('');
    clear(state);
    if (text !== '') state.buffer.push(text);
    state.length = text.length;
    return this;
  };

  accessors(Readable.prototype, {
    get closed() { return this._readableState ? this._readableState.closed : false; },
    get destroyed() { return this._readableState ? this._readableState.destroyed : false; },
    set destroyed(value) { if (this._readableState) this._readableState.destroyed = value; },
    get errored() { return this._readableState ? this._readableState.errored : null; },
    // Streams of before there were states may set it.
    get readable() {
      const state = this._readableState;
      return Boolean(state) && state.readable !== false && !state.destroyed && !state.errorEmitted &&
        !state.endEmitted;
    },
    set readable(value) { if (this._readableState) this._readableState.readable = Boolean(value); },
    get readableAborted() {
      const state = this._readableState;
      return state.readable !== false && Boolean(state.destroyed || state.errored) && !state.endEmitted;
    },
    get readableBuffer() { return this._readableState?.buffer; },
    get readableDidRead() { return this._readableState.dataEmitted; },
    get readableEncoding() { return this._readableState ? this._readableState.encoding : null; },
    get readableEnded() { return this._readableState ? this._readableState.endEmitted : false; },
    get readableFlowing() { return this._readableState.flowing; },
    set readableFlowing(value) { if (this._readableState) this._readableState.flowing = value; },
    get readableHighWaterMark() { return this._readableState.highWaterMark; },
    get readableLength() { return this._readableState.length; },
    get readableObjectMode() { return this._readableState ? this._readableState.objectMode : false; },
  });

  return { Readable, ReadableState, begin, take };
})
