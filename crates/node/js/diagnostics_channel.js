// node:diagnostics_channel, <https://nodejs.org/api/diagnostics_channel.html>

(function ({ invalidArgument, missing }) {
  // By name. They stay: whoever asks for one keeps it, and names are few.
  const known = new Map();

  function report(error) {
    process.nextTick(() => { throw error; });
  }

  class Channel {
    #subscribers = [];

    constructor(name) { this.name = name; }

    get hasSubscribers() { return this.#subscribers.length > 0; }

    subscribe(subscriber) {
      if (typeof subscriber !== 'function') throw invalidArgument('subscription', 'of type function', subscriber);
      this.#subscribers = [...this.#subscribers, subscriber];
      known.set(this.name, this);
    }

    unsubscribe(subscriber) {
      const at = this.#subscribers.indexOf(subscriber);
      if (at === -1) return false;
      this.#subscribers = this.#subscribers.toSpliced(at, 1);
      return true;
    }

    publish(message) {
      for (const subscriber of this.#subscribers) {
        try {
          subscriber(message, this.name);
        } catch (error) {
          report(error);
        }
      }
    }

    bindStore() { return missing('diagnostics_channel', 'Channel.prototype.bindStore')(); }
    unbindStore() { return missing('diagnostics_channel', 'Channel.prototype.unbindStore')(); }
    runStores(message, fn, thisArg, ...args) {
      this.publish(message);
      return Reflect.apply(fn, thisArg, args);
    }
  }

  function channel(name) {
    if (typeof name !== 'string' && typeof name !== 'symbol') throw invalidArgument('channel', 'of type string or symbol', name);
    const found = known.get(name);
    if (found !== undefined) return found;
    const made = new Channel(name);
    known.set(name, made);
    return made;
  }

  const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

  class TracingChannel {
    constructor(nameOrChannels) {
      for (const event of EVENTS) {
        this[event] = typeof nameOrChannels === 'string' ? channel(`tracing:${nameOrChannels}:${event}`) : nameOrChannels[event];
      }
    }

    get hasSubscribers() { return EVENTS.some((event) => this[event]?.hasSubscribers); }

    subscribe(handlers) {
      for (const event of EVENTS) if (handlers[event]) this[event]?.subscribe(handlers[event]);
    }

    unsubscribe(handlers) {
      return EVENTS.filter((event) => handlers[event]).map((event) => this[event]?.unsubscribe(handlers[event])).every(Boolean);
    }

    traceSync(fn, context = {}, thisArg, ...args) {
      this.start.publish(context);
      try {
        return context.result = Reflect.apply(fn, thisArg, args);
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    }

    tracePromise(fn, context = {}, thisArg, ...args) {
      const settled = (key, publishError) => (value) => {
        context[key] = value;
        if (publishError) this.error.publish(context);
        this.asyncStart.publish(context);
        this.asyncEnd.publish(context);
        if (publishError) throw value;
        return value;
      };
      this.start.publish(context);
      try {
        return Promise.resolve(Reflect.apply(fn, thisArg, args)).then(settled('result', false), settled('error', true));
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    }

    traceCallback(fn, position = -1, context = {}, thisArg, ...args) {
      const at = position < 0 ? args.length + position : position;
      const callback = args[at];
      if (typeof callback !== 'function') throw invalidArgument('callback', 'of type function', callback);
      const { asyncStart, asyncEnd, error: failed } = this;
      args[at] = function (error, result) {
        if (error) {
          context.error = error;
          failed.publish(context);
        } else {
          context.result = result;
        }
        asyncStart.publish(context);
        try {
          return Reflect.apply(callback, this, arguments);
        } finally {
          asyncEnd.publish(context);
        }
      };
      this.start.publish(context);
      try {
        return Reflect.apply(fn, thisArg, args);
      } catch (error) {
        context.error = error;
        failed.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    }
  }

  return {
    channel,
    hasSubscribers: (name) => known.get(name)?.hasSubscribers ?? false,
    subscribe: (name, subscriber) => { channel(name).subscribe(subscriber); },
    unsubscribe: (name, subscriber) => channel(name).unsubscribe(subscriber),
    tracingChannel: (nameOrChannels) => new TracingChannel(nameOrChannels),
    Channel,
  };
})
