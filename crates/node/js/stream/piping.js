// `pipe`, `unpipe` and `wrap` of readable streams.
//
// <https://nodejs.org/api/stream.html#readablepipedestination-options>

(function ({ nextTick, part }) {
  const { prependListener } = part('stream/legacy');
  const { destroyAny, fail } = part('stream/destroy');

  // One connection. The source stands still while its target, or any of its targets, is full.
  class Pipe {
    constructor(source, target, options) {
      this.source = source;
      this.target = target;
      this.isOver = false;
      this.isDrainAwaited = false;
      for (const name of ['ondata', 'ondrain', 'onunpipe', 'onend', 'onerror', 'onclose', 'onfinish', 'unpipe']) {
        this[name] = this[name].bind(this);
      }
      const isStandard = target._isStdio === true;
      this.atEnd = options?.end !== false && !isStandard ? this.onend : this.unpipe;
    }

    open() {
      const { source, target } = this, state = source._readableState;
      if (state.pipes.length === 1 && !state.multiAwaitDrain) {
        state.multiAwaitDrain = true;
        state.awaitDrainWriters = new Set(state.awaitDrainWriters ? [state.awaitDrainWriters] : []);
      }
      state.pipes.push(target);
      if (state.endEmitted) nextTick(this.atEnd);
      else source.once('end', this.atEnd);
      target.on('unpipe', this.onunpipe);
      source.on('data', this.ondata);
      // Before the listeners of script, which may rely on the pipe being gone.
      prependListener(target, 'error', this.onerror);
      target.once('close', this.onclose);
      target.once('finish', this.onfinish);
      target.emit('pipe', source);
      if (target.writableNeedDrain === true) this.pause();
      else if (!state.flowing) source.resume();
    }

    onend() { this.target.end(); }
    unpipe() { this.source.unpipe(this.target); }

    ondata(chunk) {
      try {
        if (this.target.write(chunk) === false) this.pause();
      } catch (error) {
        this.target.destroy(error);
      }
    }

    pause() {
      const { source, target } = this, state = source._readableState;
      if (!this.isOver) {
        if (state.pipes.length === 1 && state.pipes[0] === target) {
          state.awaitDrainWriters = target;
          state.multiAwaitDrain = false;
        } else if (state.pipes.length > 1 && state.pipes.includes(target)) {
          state.awaitDrainWriters.add(target);
        }
        source.pause();
      }
      if (this.isDrainAwaited) return;
      this.isDrainAwaited = true;
      target.on('drain', this.ondrain);
    }

    ondrain() {
      const { source, target } = this, state = source._readableState;
      if (state.awaitDrainWriters === target) state.awaitDrainWriters = null;
      else if (state.multiAwaitDrain) state.awaitDrainWriters.delete(target);
      const areOthers = state.awaitDrainWriters && state.awaitDrainWriters.size !== 0;
      if (!areOthers && source.listenerCount('data') > 0) source.resume();
    }

    onerror(error) {
      const { target } = this;
      this.unpipe();
      target.removeListener('error', this.onerror);
      if (target.listenerCount('error') > 0) return;
      const state = target._writableState ?? target._readableState;
      if (state && !state.errorEmitted) fail(target, error);
      else target.emit('error', error);
    }
    onclose() {
      this.target.removeListener('finish', this.onfinish);
      this.unpipe();
    }
    onfinish() {
      this.target.removeListener('close', this.onclose);
      this.unpipe();
    }

    onunpipe(source, info) {
      if (source !== this.source || info?.hasUnpiped !== false) return;
      info.hasUnpiped = true;
      this.close();
    }

    close() {
      const { source, target } = this, state = source._readableState;
      target.removeListener('close', this.onclose);
      target.removeListener('finish', this.onfinish);
      if (this.isDrainAwaited) target.removeListener('drain', this.ondrain);
      target.removeListener('error', this.onerror);
      target.removeListener('unpipe', this.onunpipe);
      source.removeListener('end', this.atEnd);
      source.removeListener('data', this.ondata);
      this.isOver = true;
      // If the source waits for this target it would wait for ever.
      if (this.isDrainAwaited && state.awaitDrainWriters &&
          (!target._writableState || target._writableState.needDrain)) this.ondrain();
    }
  }

  const methods = {
    pipe(target, options) {
      new Pipe(this, target, options).open();
      return target;
    },

    unpipe(target) {
      const state = this._readableState;
      if (state.pipes.length === 0) return this;
      if (!target) {
        const targets = state.pipes;
        state.pipes = [];
        this.pause();
        for (const one of targets) one.emit('unpipe', this, { hasUnpiped: false });
        return this;
      }
      const at = state.pipes.indexOf(target);
      if (at < 0) return this;
      state.pipes.splice(at, 1);
      if (state.pipes.length === 0) this.pause();
      target.emit('unpipe', this, { hasUnpiped: false });
      return this;
    },

    // Reads an old emitter of 'data' and 'end'.
    wrap(stream) {
      let isPaused = false;
      stream.on('data', (chunk) => {
        if (!this.push(chunk) && stream.pause) {
          isPaused = true;
          stream.pause();
        }
      });
      stream.on('end', () => this.push(null));
      stream.on('error', (error) => fail(this, error));
      stream.on('close', () => this.destroy());
      stream.on('destroy', () => this.destroy());
      this._read = () => {
        if (isPaused && stream.resume) {
          isPaused = false;
          stream.resume();
        }
      };
      for (const name of Object.keys(stream)) {
        if (this[name] === undefined && typeof stream[name] === 'function') this[name] = stream[name].bind(stream);
      }
      return this;
    },
  };

  function wrap(Readable, stream, options) {
    return new Readable({
      objectMode: stream.readableObjectMode ?? stream.objectMode ?? true,
      ...options,
      destroy(error, callback) {
        destroyAny(stream, error);
        callback(error);
      },
    }).wrap(stream);
  }

  return { methods, wrap };
})
