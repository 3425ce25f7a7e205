// `pipeline`: streams, iterables and functions in a row; when one fails all are destroyed.
//
// <https://nodejs.org/api/stream.html#streampipelinesource-transforms-destination-callback>

(function ({ nextTick, part }) {
  const { aborted, bothErrors, check, invalidArgument, make } = part('stream/errors');
  const { destroyAny } = part('stream/destroy');
  const { finished } = part('stream/finished');
  const { onAbort } = part('stream/abort');
  const question = part('stream/questions');

  function pipeline(...streams) {
    const callback = streams.pop();
    check.callable(callback, 'streams[stream.length - 1]');
    return connect(streams, callback);
  }

  function connect(streams, callback, options) {
    if (streams.length === 1 && Array.isArray(streams[0])) [streams] = streams;
    if (streams.length < 2) throw make.missingArgument('streams');
    check.signal(options?.signal, 'options.signal');
    return new Row(streams, callback, options).connect();
  }

  class Row {
    constructor(streams, callback, options) {
      this.streams = streams.map((stream) => (question.isWeb(stream) ? part('stream/web').adapted(stream) : stream));
      this.callback = callback;
      this.outerSignal = options?.signal;
      this.endsLast = options?.end !== false;
      this.error = undefined;
      // What the last function came to.
      this.value = undefined;
      this.destroyers = [];
      this.cleanups = [];
      this.pending = 0;
      this.onFinish = (error) => this.finish(error, --this.pending === 0);
      this.onFailure = (error) => this.finish(error, false);
    }

    // For the functions among the streams.
    get signal() {
      this.controller ??= new AbortController();
      return this.controller.signal;
    }

    connect() {
      const { streams, outerSignal } = this;
      const abort = () => this.onFailure(aborted(outerSignal));
      if (outerSignal && !outerSignal.aborted) this.stopListening = onAbort(outerSignal, abort);
      let from;
      streams.forEach((stream, index) => {
        const isLast = index === streams.length - 1;
        if (question.isNode(stream)) this.guard(stream, index > 0, isLast);
        if (index === 0) from = this.first(stream);
        else if (typeof stream === 'function') from = this.call(stream, from, index, isLast);
        else from = this.to(stream, from, isLast);
      });
      if (outerSignal?.aborted || this.controller?.signal.aborted) nextTick(abort);
      return from;
    }

    // `isFinal` once everything has come to its end.
    finish(error, isFinal) {
      // These two follow from others.
      const isConsequence = this.error?.code === 'ERR_STREAM_PREMATURE_CLOSE' || this.error?.name === 'AbortError';
      if (error && (!this.error || isConsequence)) this.error = error;
      if (!this.error && !isFinal) return;
      for (const destroy of this.destroyers.splice(0)) destroy(this.error);
      this.stopListening?.();
      this.controller?.abort();
      if (!isFinal) return;
      if (!this.error) for (const cleanUp of this.cleanups) cleanUp();
      nextTick(this.callback, this.error, this.value);
    }

    guard(stream, isWritten, isLast) {
      const isKept = question.isReadable(stream) && isLast;
      if (!isLast || this.endsLast) this.destroyLater(stream, !isLast, isWritten, isKept);
      // Also those after it all went through.
      const failed = (error) => {
        if (error && error.name !== 'AbortError' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') this.onFailure(error);
      };
      stream.on('error', failed);
      if (isKept) this.cleanups.push(() => stream.removeListener('error', failed));
    }
    destroyLater(stream, readable, writable, isKept) {
      let isOver = false;
      stream.on('close', () => { isOver = true; });
      const cleanUp = finished(stream, { readable, writable }, (error) => { isOver = !error; });
      this.destroyers.push((error) => {
        if (isOver) return;
        isOver = true;
        destroyAny(stream, error || make.destroyed('pipe'));
      });
      if (isKept) this.cleanups.push(cleanUp);
    }

    first(stream) {
      if (typeof stream === 'function') {
        const made = stream({ signal: this.signal });
        if (!question.isIterable(made)) {
          throw make.invalidReturn('Iterable, AsyncIterable or Stream', 'source', made);
        }
        return made;
      }
      if (question.isIterable(stream) || question.isReadableNode(stream)) return stream;
      return part('stream/join').from(stream);
    }

    call(transform, from, index, isLast) {
      const made = transform(toAsyncIterable(from), { signal: this.signal });
      if (!isLast) {
        if (!question.isAsyncIterable(made)) {
          throw make.invalidReturn('AsyncIterable', `transform[${index - 1}]`, made);
        }
        return made;
      }
      // What comes out of the last one can be read.
      const { PassThrough } = part('stream/transform');
      const output = new PassThrough({ objectMode: true });
      if (typeof made?.then === 'function') {
        this.pending++;
        this.settle(made, output);
      } else if (question.isAsyncIterable(made)) {
        this.pending++;
        pump(made, output, this.onFinish, this.endsLast);
      } else {
        throw make.invalidReturn('AsyncIterable or Promise', 'destination', made);
      }
      this.destroyLater(output, false, true, isLast);
      return output;
    }
    settle(promise, output) {
      promise.then((value) => {
        this.value = value;
        if (value != null) output.write(value);
        if (this.endsLast) output.end();
        nextTick(this.onFinish);
      }, (error) => {
        output.destroy(error);
        nextTick(this.onFinish, error);
      });
    }

    to(stream, from, isLast) {
      if (!question.isNode(stream)) return part('stream/join').from(stream);
      const ends = !isLast || this.endsLast;
      if (question.isReadableNode(from)) {
        this.pending += 2;
        const cleanUp = this.pipe(from, stream, ends);
        if (question.isReadable(stream) && isLast) this.cleanups.push(cleanUp);
      } else if (question.isIterable(from)) {
        this.pending++;
        pump(from, stream, this.onFinish, ends);
      } else {
        throw invalidArgument('val', 'an instance of Readable, Iterable, AsyncIterable, ReadableStream, or TransformStream', from);
      }
      return stream;
    }

    pipe(source, target, ends) {
      let hasEnded = false;
      target.on('close', () => { if (!hasEnded) this.onFailure(make.prematureClose()); });
      source.pipe(target, { end: false });
      if (ends) {
        const end = () => {
          hasEnded = true;
          target.end();
        };
        if (question.isReadableFinished(source)) nextTick(end);
        else source.once('end', end);
      } else {
        this.onFinish();
      }
      finished(source, { readable: true, writable: false }, (error) => {
        const state = source._readableState;
        // Some streams emit 'close' before 'end'.
        if (error?.code === 'ERR_STREAM_PREMATURE_CLOSE' && state?.ended && !state.errored && !state.errorEmitted) {
          source.once('end', this.onFinish).once('error', this.onFinish);
        } else {
          this.onFinish(error);
        }
      });
      return finished(target, { readable: false, writable: true }, this.onFinish);
    }
  }

  function toAsyncIterable(value) {
    if (question.isIterable(value)) return value;
    if (question.isReadableNode(value)) return part('stream/iteration').iterate(value);
    throw invalidArgument('val', 'an instance of Readable, Iterable, or AsyncIterable', value);
  }

  async function pump(iterable, writable, finish, ends) {
    let error, wake = null;
    const resume = (failure) => {
      if (failure) error = failure;
      wake?.();
      wake = null;
    };
    const wait = () => new Promise((resolve, reject) => {
      const settle = () => { if (error) reject(error); else resolve(); };
      if (error) reject(error);
      else wake = settle;
    });
    writable.on('drain', resume);
    const stopWatching = finished(writable, { readable: false }, resume);
    try {
      if (writable.writableNeedDrain) await wait();
      for await (const chunk of iterable) {
        if (!writable.write(chunk)) await wait();
      }
      if (ends) {
        writable.end();
        await wait();
      }
      finish();
    } catch (failure) {
      finish(error === failure ? failure : bothErrors(error, failure));
    } finally {
      stopWatching();
      writable.off('drain', resume);
    }
  }

  // `pipeline` of `node:stream/promises`.
  function pipelinePromise(...streams) {
    return new Promise((resolve, reject) => {
      const last = streams.at(-1);
      const isOptions = last && typeof last === 'object' && !question.isNode(last) &&
        !question.isIterable(last) && !question.isWeb(last);
      const options = isOptions ? streams.pop() : undefined;
      connect(streams, (error, value) => { if (error) reject(error); else resolve(value); }, options);
    });
  }

  return { connect, pipeline, pipelinePromise };
})
