// `finished`: calls back once when a stream is no longer readable, writable, or has failed.
//
// <https://nodejs.org/api/stream.html#streamfinishedstream-options-callback>

(function ({ nextTick, part }) {
  const { aborted, check, invalidArgument, make } = part('stream/errors');
  const question = part('stream/questions');
  const { onAbort } = part('stream/abort');

  const nop = () => {};

  function finished(stream, ...rest) {
    const callback = rest.at(-1), options = (rest.length > 1 ? rest[0] : undefined) ?? {};
    check.object(options, 'options');
    check.callable(callback, 'callback');
    check.signal(options.signal, 'options.signal');
    if (!question.isNode(stream)) {
      throw invalidArgument('stream', 'an instance of ReadableStream, WritableStream, or Stream', stream);
    }
    return new Watch(stream, options, callback).start();
  }

  class Watch {
    constructor(stream, options, callback) {
      this.stream = stream;
      this.options = options;
      this.callback = callback;
      this.listeners = [];
      // Which halves are waited for.
      this.readable = options.readable ?? question.isReadableNode(stream);
      this.writable = options.writable ?? question.isWritableNode(stream);
      // Newer streams tell of their very end, if both halves are asked for.
      this.willEmitClose = question.willEmitClose(stream) &&
        question.isReadableNode(stream) === this.readable && question.isWritableNode(stream) === this.writable;
      this.writableFinished = question.isWritableFinished(stream, false);
      this.readableFinished = question.isReadableFinished(stream, false);
    }

    start() {
      const { stream, options } = this;
      const past = this.past() ?? (options.signal?.aborted ? { error: aborted(options.signal) } : undefined);
      if (past === undefined) {
        this.listen();
        if (options.signal) this.watchSignal(options.signal);
      } else {
        // An error that is still to come is this one.
        if (options.error !== false) this.on(stream, 'error', nop);
        nextTick(() => this.tell(...past.error ? [past.error] : []));
      }
      return () => this.stop();
    }

    on(stream, type, listener) {
      this.listeners.push([stream, type, listener]);
      stream.on(type, listener);
    }
    stop() {
      this.callback = nop;
      for (const [stream, type, listener] of this.listeners.splice(0)) stream.removeListener(type, listener);
    }
    tell(...args) {
      const { callback } = this;
      this.callback = nop;
      callback.apply(this.stream, args);
    }

    listen() {
      const { stream } = this;
      const ended = () => this.ended(), wasFinished = () => this.finished(), closed = () => this.closed();
      if (question.isRequest(stream)) {
        this.on(stream, 'complete', wasFinished);
        if (!this.willEmitClose) this.on(stream, 'abort', closed);
        const onRequest = () => this.on(stream.req, 'finish', wasFinished);
        if (stream.req) onRequest();
        else this.on(stream, 'request', onRequest);
      } else if (this.writable && !stream._writableState) {
        const legacyEnd = () => { if (!stream.writable) this.finished(); };
        this.on(stream, 'end', legacyEnd);
        this.on(stream, 'close', legacyEnd);
      }
      // Not all streams emit 'close' after 'aborted'.
      if (!this.willEmitClose && typeof stream.aborted === 'boolean') this.on(stream, 'aborted', closed);
      this.on(stream, 'end', ended);
      this.on(stream, 'finish', wasFinished);
      if (this.options.error !== false) this.on(stream, 'error', (error) => this.tell(error));
      this.on(stream, 'close', closed);
    }

    finished() {
      const { stream } = this;
      this.writableFinished = true;
      // Whoever destroys it here does not want to wait for 'close'.
      if (stream.destroyed) this.willEmitClose = false;
      if (this.willEmitClose && (!stream.readable || this.readable)) return;
      if (!this.readable || this.readableFinished) this.tell();
    }
    ended() {
      const { stream } = this;
      this.readableFinished = true;
      if (stream.destroyed) this.willEmitClose = false;
      if (this.willEmitClose && (!stream.writable || this.writable)) return;
      if (!this.writable || this.writableFinished) this.tell();
    }
    closed() {
      const error = this.closingError();
      if (error) this.tell(error);
      else this.tell();
    }

    // What is told of a stream that is closed.
    closingError() {
      const { stream } = this;
      const error = this.knownError();
      if (error) return error;
      const isCut = (this.readable && !this.readableFinished && question.isReadableNode(stream, true) &&
          !question.isReadableFinished(stream, false)) ||
        (this.writable && !this.writableFinished && !question.isWritableFinished(stream, false));
      return isCut ? make.prematureClose() : undefined;
    }
    knownError() {
      const error = question.errorOf(this.stream);
      return error && typeof error !== 'boolean' ? error : undefined;
    }

    // What happened before anybody listened; `undefined` if nothing did.
    past() {
      const { stream, willEmitClose } = this;
      const writable = stream._writableState, readable = stream._readableState;
      if (question.isClosed(stream)) return { error: this.closingError() };
      let isOver;
      if (writable?.errorEmitted || readable?.errorEmitted) {
        isOver = !willEmitClose;
      } else {
        const isWritten = !this.readable && (!willEmitClose || question.isReadable(stream)) &&
          (this.writableFinished || question.isWritable(stream) === false) && !writable?.pendingcb;
        const isRead = !this.writable && (!willEmitClose || question.isWritable(stream)) &&
          (this.readableFinished || question.isReadable(stream) === false);
        isOver = isWritten || isRead || (readable && stream.req && stream.aborted);
      }
      return isOver ? { error: this.knownError() } : undefined;
    }

    watchSignal(signal) {
      const abort = () => {
        const { callback } = this;
        this.stop();
        callback.call(this.stream, aborted(signal));
      };
      const stopListening = onAbort(signal, abort), { callback } = this;
      this.callback = function (...args) {
        stopListening();
        callback.apply(this, args);
      };
    }
  }

  // `finished` of `node:stream/promises`.
  function finishedPromise(stream, options) {
    let shallCleanUp = false;
    options ??= {};
    if (options.cleanup !== undefined) {
      check.boolean(options.cleanup, 'cleanup');
      shallCleanUp = options.cleanup;
    }
    return new Promise((resolve, reject) => {
      const stop = finished(stream, options, (error) => {
        if (shallCleanUp) stop();
        if (error) reject(error);
        else resolve();
      });
    });
  }

  return { finished, finishedPromise };
})
