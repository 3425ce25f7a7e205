// One duplex stream of several things: `Duplex.from` and `compose`.
//
// <https://nodejs.org/api/stream.html#streamduplexfromsrc>

(function ({ nextTick, part }) {
  const { AbortError, aborted, invalidArgument, make } = part('stream/errors');
  const { destroyAny } = part('stream/destroy');
  const { finished } = part('stream/finished');
  const { Duplex } = part('stream/duplex');
  const { Readable } = part('stream/readable');
  const question = part('stream/questions');

  // A duplex stream that writes to one stream and reads from another one, perhaps `undefined`.
  class Joined extends Duplex {
    constructor(head, tail) {
      super({
        writableObjectMode: Boolean(head?.writableObjectMode),
        readableObjectMode: Boolean(tail?.readableObjectMode),
        writable: Boolean(question.isWritable(head)),
        readable: Boolean(question.isReadable(tail)),
      });
      this.head = head;
      this.tail = tail;
      // Callbacks that wait for the streams; the last is `null` once these are over.
      this.onDrain = this.onFinish = this.onReadable = null;
      this.onClose = undefined;
      if (this.writable) head.on('drain', () => this.run('onDrain'));
      if (this.readable) tail.on('end', () => this.push(null));
    }

    run(name) {
      const callback = this[name];
      this[name] = null;
      callback?.();
    }
    // Called when the streams are over.
    over(error) {
      const callback = this.onClose;
      this.onClose = null;
      if (callback) callback(error);
      else if (error) this.destroy(error);
    }

    _write(chunk, encoding, callback) {
      if (this.head.write(chunk, encoding)) callback();
      else this.onDrain = callback;
    }
    _final(callback) {
      this.head.end();
      this.onFinish = callback;
    }
    _destroy(error, callback) {
      if (!error && this.onClose !== null) error = new AbortError();
      this.onReadable = this.onDrain = this.onFinish = null;
      const isOver = this.onClose === null;
      if (!isOver) this.onClose = callback;
      this.destroyParts(error);
      if (isOver) callback(error);
    }
  }

  // Two streams that know nothing of each other.
  class Pair extends Joined {
    constructor(readable, writable) {
      super(writable, readable && typeof readable.read !== 'function'
        ? part('stream/piping').wrap(Readable, readable) : readable);
      if (this.writable) {
        finished(writable, (error) => {
          if (error) destroyAny(this.tail, error);
          this.over(error);
        });
        writable.on('finish', () => this.run('onFinish'));
      }
      if (this.readable) {
        finished(this.tail, (error) => {
          if (error) destroyAny(this.head, error);
          this.over(error);
        });
        this.tail.on('readable', () => this.run('onReadable'));
      }
    }
    _read() {
      for (;;) {
        const chunk = this.tail.read();
        if (chunk === null) {
          this.onReadable = () => this._read();
          return;
        }
        if (!this.push(chunk)) return;
      }
    }
    destroyParts(error) {
      if (this.onClose === null) return;
      destroyAny(this.head, error);
      destroyAny(this.tail, error);
    }
  }

  class Composed extends Joined {
    static of(streams) {
      let composed;
      const tail = part('stream/pipeline').connect(streams, (error) => composed.over(error));
      composed = new Composed(streams[0], tail);
      if (composed.writable) finished(tail, () => composed.run('onFinish'));
      if (composed.readable) tail.on('data', (chunk) => { if (!composed.push(chunk)) tail.pause(); });
      composed.isSealed = !composed.writable && !composed.readable;
      return composed;
    }
    _read() { this.tail.resume(); }
    // With neither end in reach nothing else would end it.
    over(error) {
      const isWaitedFor = Boolean(this.onClose);
      super.over(error);
      if (!isWaitedFor && !error && this.isSealed) this.destroy();
    }
    destroyParts(error) { destroyAny(this.tail, error); }
  }

  // <https://nodejs.org/api/stream.html#streamcomposestreams>
  function compose(...given) {
    if (given.length === 0) throw make.missingArgument('streams');
    if (given.length === 1) return from(given[0]);
    const last = given.length - 1;
    const streams = given.map((stream, index) => (
      typeof stream === 'function' && (index === 0 || index === last) ? from(stream) : stream));
    streams.forEach((stream, index) => {
      if (!question.isNode(stream)) return;
      const complain = (why) => make.invalidValue(`streams[${index}]`, given[index], why);
      if (index < last && !question.isReadable(stream)) throw complain('must be readable');
      if (index > 0 && !question.isWritable(stream)) throw complain('must be writable');
    });
    return Composed.of(streams);
  }

  // A duplex stream of anything that gives or takes chunks.
  function from(body, name = 'body') {
    if (question.isDuplexNode(body)) return body;
    if (question.isReadableNode(body)) return new Pair(body, undefined);
    if (question.isWritableNode(body)) return new Pair(undefined, body);
    if (question.isNode(body)) return new Pair(undefined, undefined);
    if (typeof body === 'function') return fromFunction(body, name);
    if (typeof Blob === 'function' && body instanceof Blob) return from(body.arrayBuffer());
    if (question.isWebWritable(body)) {
      return new Pair(undefined, part('stream/web').adapted(body));
    }
    if (question.isIterable(body)) {
      return part('stream/iteration').from(Duplex, body, { objectMode: true, writable: false });
    }
    if (typeof body?.writable === 'object' || typeof body?.readable === 'object') {
      const { readable, writable } = body;
      return new Pair(
        readable ? (question.isReadableNode(readable) ? readable : from(readable)) : undefined,
        writable ? (question.isWritableNode(writable) ? writable : from(writable)) : undefined);
    }
    if (typeof body?.then === 'function') return fromPromise(body);
    throw invalidArgument(name, 'an instance of Blob, ReadableStream, WritableStream, Stream, Iterable, ' +
      'AsyncIterable, Function, { readable, writable } pair, or Promise', body);
  }

  function fromPromise(promise) {
    const duplex = new Duplex({ objectMode: true, writable: false, read() {} });
    promise.then((value) => {
      if (value != null) duplex.push(value);
      duplex.push(null);
    }, (error) => destroyAny(duplex, error));
    return duplex;
  }

  // What is written to the stream is what the function iterates over.
  function fromFunction(body, name) {
    const controller = new AbortController(), { signal } = controller;
    let next = Promise.withResolvers();
    const written = async function* () {
      for (;;) {
        const { chunk, isLast, callback } = await next.promise;
        nextTick(callback);
        if (isLast) return;
        if (signal.aborted) throw aborted(signal);
        next = Promise.withResolvers();
        yield chunk;
      }
    };
    const options = {
      objectMode: true,
      write(chunk, encoding, callback) { next.resolve({ chunk, isLast: false, callback }); },
      final(callback) { next.resolve({ isLast: true, callback }); },
      destroy(error, callback) {
        controller.abort();
        callback(error);
      },
    };
    const value = body(written(), { signal });
    if (question.isDuplexNode(value)) return value;
    if (question.isIterable(value)) return part('stream/iteration').from(Duplex, value, options);
    if (typeof value?.then === 'function') return fromAsyncFunction(value, options);
    throw make.invalidReturn('Iterable, AsyncIterable or AsyncFunction', name, value);
  }

  function fromAsyncFunction(value, options) {
    let duplex;
    const done = value.then((result) => {
      if (result != null) throw make.invalidReturn('nully', 'body', result);
    }, (error) => destroyAny(duplex, error));
    duplex = new Duplex({
      ...options,
      readable: false,
      final(callback) {
        options.final(() => done.then(() => nextTick(callback, null), (error) => nextTick(callback, error)));
      },
    });
    return duplex;
  }

  return { compose, from };
})
