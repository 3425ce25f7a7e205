// Readable streams as async iterators, and of iterables.
//
// <https://nodejs.org/api/stream.html#readablesymbolasynciterator>

(function ({ Buffer, nextTick, part }) {
  const { AbortError, bothErrors, check, invalidArgument, make } = part('stream/errors');
  const { destroyAny } = part('stream/destroy');
  const { finished } = part('stream/finished');

  // Gives `{ stream }` beside the iterator, as Node does.
  function iterate(stream, options) {
    if (typeof stream.read !== 'function') {
      stream = part('stream/piping').wrap(part('stream/readable').Readable, stream, { objectMode: true });
    }
    const iterator = chunksOf(stream, options);
    iterator.stream = stream;
    return iterator;
  }

  async function* chunksOf(stream, options) {
    let wake = () => {};
    const notify = () => {
      wake();
      wake = () => {};
    };
    // `undefined` while it goes on, `null` after a good end.
    let error;
    stream.on('readable', notify);
    const stopWatching = finished(stream, { writable: false }, (failure) => {
      error = failure ? bothErrors(error, failure) : null;
      notify();
    });
    try {
      for (;;) {
        const chunk = stream.destroyed ? null : stream.read();
        if (chunk !== null) yield chunk;
        else if (error) throw error;
        else if (error === null) return;
        else await new Promise((resolve) => { wake = resolve; });
      }
    } catch (failure) {
      error = bothErrors(error, failure);
      throw error;
    } finally {
      const mayDestroy = error || options?.destroyOnReturn !== false;
      // Whoever read all may still want to write.
      const isHalfOpen = error === null && stream.allowHalfOpen === true && stream.writable === true &&
        stream.writableEnded !== true;
      if (mayDestroy && (error === undefined || stream._readableState.autoDestroy) && !isHalfOpen) {
        destroyAny(stream, null);
      } else {
        stream.off('readable', notify);
        stopWatching();
      }
    }
  }

  // <https://nodejs.org/api/stream.html#streamreadablefromiterable-options>
  function from(Readable, iterable, options) {
    if (typeof iterable === 'string' || iterable instanceof Buffer) {
      return new Readable({
        objectMode: true,
        ...options,
        read() {
          this.push(iterable);
          this.push(null);
        },
      });
    }
    const isAsync = Boolean(iterable?.[Symbol.asyncIterator]);
    if (!isAsync && !iterable?.[Symbol.iterator]) {
      throw invalidArgument('iterable', 'an instance of Iterable', iterable);
    }
    const iterator = isAsync ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
    const readable = new Readable({ objectMode: true, highWaterMark: 1, ...options });
    let isReading = false;
    readable._read = function () {
      if (isReading) return;
      isReading = true;
      takeNext(readable, iterator, isAsync, () => { isReading = false; });
    };
    readable._destroy = function (error, callback) {
      close(iterator, error).then(
        () => nextTick(callback, error),
        (failure) => nextTick(callback, failure || error),
      );
    };
    return readable;
  }

  async function close(iterator, error) {
    const hadError = error !== undefined && error !== null;
    if (hadError && typeof iterator.throw === 'function') {
      const { value, done } = await iterator.throw(error);
      await value;
      if (done) return;
    }
    if (typeof iterator.return === 'function') {
      const { value } = await iterator.return();
      await value;
    }
  }

  // What comes at once is pushed at once.
  async function takeNext(readable, iterator, isAsync, stop) {
    for (;;) {
      try {
        const { value, done } = isAsync ? await iterator.next() : iterator.next();
        const chunk = typeof value?.then === 'function' && !done ? await value : value;
        if (!give(readable, chunk, done, stop)) return;
      } catch (error) {
        readable.destroy(error);
        return;
      }
    }
  }

  // Says whether to go on.
  function give(readable, chunk, isDone, stop) {
    if (isDone) {
      readable.push(null);
      return false;
    }
    if (chunk === null) {
      stop();
      throw make.nullValues();
    }
    if (readable.push(chunk)) return true;
    stop();
    return false;
  }

  async function dispose() {
    let error = null;
    if (!this.destroyed) {
      error = this.readableEnded ? null : new AbortError();
      this.destroy(error);
    }
    await new Promise((resolve, reject) => {
      finished(this, (failure) => (failure && failure !== error ? reject(failure) : resolve(null)));
    });
  }

  const methods = {
    iterator(options) {
      if (options !== undefined) check.object(options, 'options');
      return iterate(this, options);
    },
    [Symbol.asyncIterator]() { return iterate(this); },
    [Symbol.asyncDispose]: dispose,
  };

  return { from, iterate, methods };
})
